/**
 * Names of network namespaces, as `ip netns add` and container runtimes give them by mounting them somewhere: the last
 * part of that path.
 */

import { readFileSync } from "node:fs";
import { basename } from "node:path";

/** A host may have thousands of mounts. */
const LOOK_AGAIN_MS = 5000;

export class NetworkNamespaces {
  readonly #path: string;
  readonly #now: () => number;
  #names = new Map<number, string>();
  #again = 0;

  constructor(path = "/proc/self/mountinfo", now: () => number = () => performance.now()) {
    this.#path = path;
    this.#now = now;
  }

  /** By the number that `lsns -t net` shows. */
  nameOf(number: number): string | undefined {
    if (!this.#names.has(number) && this.#now() >= this.#again) {
      this.#again = this.#now() + LOOK_AGAIN_MS;
      this.#names = mounted(readMounts(this.#path));
    }
    return this.#names.get(number);
  }
}

function readMounts(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // a host that does not tell has no names
  }
}

function mounted(mounts: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of mounts.split("\n")) {
    const [, , , root = "", path = ""] = line.split(" ");
    const number = Number(/^net:\[(\d+)\]$/.exec(root)?.[1]);
    // Spaces and the like are written as octal, as \040.
    if (number > 0 && !names.has(number))
      names.set(number, basename(path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)))));
  }
  return names;
}
