/** Control groups of a test's own, which are gone when it ends. */

import { existsSync, mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";

import { cgroupRoot } from "../../agent/kernel/mounts.ts";
import { atExit } from "./at-exit.ts";

let made = 0;

export class ControlGroups implements Disposable {
  readonly #name = `weir-test-${process.pid}-${made++}`;
  readonly #roots = new Set<string>();
  readonly #callOff = atExit(() => this.#remove());

  /** A group below one of this test's own, in the hierarchy mounted there. Answers where it is. */
  make(path: string, mount = cgroupRoot()!): string {
    const own = join(mount, this.#name);
    this.#roots.add(own);
    mkdirSync(join(own, path), { recursive: true });
    return join(own, path);
  }

  [Symbol.dispose](): void {
    this.#remove();
    this.#callOff();
  }

  #remove(): void {
    for (const root of this.#roots) if (existsSync(root)) removeTree(root);
  }
}

/** From the innermost on, once the processes in them have ended. */
function removeTree(group: string): void {
  for (const entry of readdirSync(group, { withFileTypes: true })) if (entry.isDirectory()) removeTree(join(group, entry.name));
  rmdirSync(group);
}
