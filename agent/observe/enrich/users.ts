/** Login names from the host's list of users. */

import { readFileSync, statSync } from "node:fs";

const LOOK_AGAIN_MS = 10_000;

export class Users {
  readonly #path: string;
  readonly #now: () => number;
  #names = new Map<number, string>();
  #all: { name: string; uid: number }[] = [];
  #changed = -1;
  #again = 0;

  constructor(path = "/etc/passwd", now: () => number = () => performance.now()) {
    this.#path = path;
    this.#now = now;
  }

  of(uid: number): string | undefined {
    this.#refresh();
    return this.#names.get(uid);
  }

  /** Returns all users that have a name. */
  all(): { name: string; uid: number }[] {
    this.#refresh();
    return this.#all;
  }

  #refresh(): void {
    if (this.#now() >= this.#again) {
      this.#again = this.#now() + LOOK_AGAIN_MS;
      this.#read();
    }
  }

  #read(): void {
    try {
      const { mtimeMs } = statSync(this.#path);
      if (mtimeMs === this.#changed) return;
      this.#names = new Map();
      this.#all = [];
      for (const line of readFileSync(this.#path, "utf8").split("\n")) {
        const [, name, uid] = /^([^:]+):[^:]*:(\d+):/.exec(line) ?? [];
        if (name !== undefined) this.#all.push({ name, uid: Number(uid) });
        // If a user has several names, the first one counts, as in other programs.
        if (name !== undefined && !this.#names.has(Number(uid))) this.#names.set(Number(uid), name);
      }
      this.#changed = mtimeMs;
    } catch {
      this.#all = [];
      this.#names = new Map(); // a host without such a list has no names
      this.#changed = -1;
    }
  }
}
