/** A veth pair in the namespace of the calling thread. */

import { listLinks } from "../../agent/kernel/links.ts";
import type { Device } from "../../agent/kernel/xdp.ts";
import { ip } from "../harness/own-namespace.ts";

export class Pair implements Disposable {
  readonly near: Device;
  readonly far: Device;

  constructor() {
    ip("link", "add", "near", "type", "veth", "peer", "name", "far");
    for (const name of ["near", "far"]) ip("link", "set", name, "up");
    this.near = device("near");
    this.far = device("far");
  }

  [Symbol.dispose](): void {
    ip("link", "del", "near");
  }
}

function device(name: string): Device {
  return listLinks().find((link) => link.name === name)!;
}
