/** Finds version 2 control groups by their ids. The kernel never gives an id twice while it runs. */

import { closeSync, constants, openSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";

import { cgroupRoot } from "./mounts.ts";
import { libc } from "./syscall.ts";

const FILEID_KERNFS = 0xfe; // a file handle that holds only the id (Linux 5.5)
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;

/** Returns undefined where no version 2 control groups are mounted. */
export function openCgroups(): Cgroups | undefined {
  const root = cgroupRoot();
  return root === undefined ? undefined : new Cgroups(root);
}

class Cgroups {
  readonly #root: string;
  readonly #mount: number;

  /** `root` is the path where the hierarchy is mounted. */
  constructor(root: string) {
    this.#root = root;
    this.#mount = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  }

  /** Returns the path from the root of the hierarchy; undefined when the group is gone, or the capability DAC_READ_SEARCH is missing. */
  pathOf(id: bigint): string | undefined {
    const handle = Buffer.alloc(16);
    handle.writeUInt32LE(8, 0);
    handle.writeUInt32LE(FILEID_KERNFS, 4);
    handle.writeBigUInt64LE(id, 8);
    const fd = libc().openByHandleAt(this.#mount, handle, O_PATH | O_CLOEXEC);
    if (fd < 0) return undefined;
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(this.#root) ? path.slice(this.#root.length) || "/" : path;
    } finally {
      closeSync(fd);
    }
  }

  /** Yields all groups of now with their paths from the root of the hierarchy. Groups that are removed meanwhile may be missing. */
  *all(below = ""): Generator<readonly [id: bigint, path: string]> {
    try {
      yield [statSync(join(this.#root, below), { bigint: true }).ino, below === "" ? "/" : below];
      for (const entry of readdirSync(join(this.#root, below), { withFileTypes: true }))
        if (entry.isDirectory()) yield* this.all(`${below}/${entry.name}`);
    } catch {
      // The group was removed meanwhile.
    }
  }

  close(): void {
    closeSync(this.#mount);
  }
}
