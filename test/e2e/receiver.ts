/** Sockets in a namespace that tell what reached them: what is dropped before it never shows up here. */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { eventually } from "../harness/eventually.ts";
import type { Lab } from "../harness/netns.ts";

export interface Datagram {
  port: number;
  from: string;
  text: string;
}

export interface Ports {
  /** Of both families; each datagram is kept. */
  udp?: readonly number[];
  /** Of both families; each connection is told "hello", as HTTP. */
  tcp?: readonly number[];
}

export class Receiver {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** It lives as long as the lab. */
  static async open(lab: Lab, namespace: string, ports: Ports): Promise<Receiver> {
    const child = lab.spawn(namespace, [process.execPath, join(import.meta.dirname, "receiver-child.ts"), JSON.stringify(ports)], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    await once(child, "message");
    return new Receiver(child);
  }

  /** Everything that came in so far. */
  async datagrams(): Promise<Datagram[]> {
    const answer = once(this.#child, "message");
    this.#child.send("what");
    return ((await answer) as [Datagram[]])[0];
  }

  async texts(): Promise<string[]> {
    return (await this.datagrams()).map(({ text }) => text);
  }

  /** Waits until a datagram with this text is in: what was sent before it has had its turn. */
  async arrival(text: string): Promise<void> {
    await eventually(`the datagram ${text.slice(0, 40)}`, async () => (await this.texts()).includes(text));
  }
}
