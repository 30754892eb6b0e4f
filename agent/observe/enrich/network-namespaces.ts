/**
 * Names of network namespaces. `ip netns add` and container runtimes name a namespace by mounting it somewhere: the name is the
 * last part of that path.
 */

import { readFileSync } from "node:fs";
import { basename } from "node:path";

/** The mounts are read again at most this often, because a host may have thousands of them. */
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

  /** Returns the name of a namespace by the number that `lsns -t net` shows. */
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
    return ""; // a host where this cannot be read has no names
  }
}

function mounted(mounts: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of mounts.split("\n")) {
    const [, , , root = "", path = ""] = line.split(" ");
    const number = Number(/^net:\[(\d+)\]$/.exec(root)?.[1]);
    // Spaces and similar characters are written in octal, such as \040.
    if (number > 0 && !names.has(number))
      names.set(number, basename(path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)))));
  }
  return names;
}
