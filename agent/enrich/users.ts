/** Login names, from the host's list of users. */

import { readFileSync, statSync } from "node:fs";

const LOOK_AGAIN_MS = 10_000;

export class Users {
  readonly #path: string;
  readonly #now: () => number;
  #names = new Map<number, string>();
  #changed = -1;
  #again = 0;

  constructor(path = "/etc/passwd", now: () => number = () => performance.now()) {
    this.#path = path;
    this.#now = now;
  }

  of(uid: number): string | undefined {
    if (this.#now() >= this.#again) {
      this.#again = this.#now() + LOOK_AGAIN_MS;
      this.#read();
    }
    return this.#names.get(uid);
  }

  #read(): void {
    try {
      const { mtimeMs } = statSync(this.#path);
      if (mtimeMs === this.#changed) return;
      this.#names = new Map();
      for (const line of readFileSync(this.#path, "utf8").split("\n")) {
        const [, name, uid] = /^([^:]+):[^:]*:(\d+):/.exec(line) ?? [];
        // Of several names for one user the first is the one that everything else shows.
        if (name !== undefined && !this.#names.has(Number(uid))) this.#names.set(Number(uid), name);
      }
      this.#changed = mtimeMs;
    } catch {
      this.#names = new Map(); // a host without such a list has no names
      this.#changed = -1;
    }
  }
}
