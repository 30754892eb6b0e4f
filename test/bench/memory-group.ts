/** A memory control group: tells what the kernel keeps for those inside, and for nobody else on the machine. */

import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";

import { atExit } from "../harness/at-exit.ts";

/** Which version counts memory is up to the machine. In version 2 a group with processes has none below it that count. */
const VERSIONS = [
  { parent: () => join("/sys/fs/cgroup/memory", ownGroup(/^\d+:memory:(.*)$/m)), file: "memory.kmem.usage_in_bytes", bytes: /^(\d+)/ },
  { parent: () => "/sys/fs/cgroup", file: "memory.stat", bytes: /^kernel (\d+)/m },
] as const;

let made = 0;

export class MemoryGroup implements Disposable {
  /** Undefined where no group can be made that counts. */
  readonly #counted: { path: string; file: string; bytes: RegExp } | undefined;
  readonly #callOff: () => void;

  constructor() {
    for (const { parent, file, bytes } of VERSIONS) {
      const path = join(parent(), `weir-bench-${process.pid}-${made++}`);
      try {
        mkdirSync(path);
      } catch {
        continue; // this version is not in use here, or not ours to change
      }
      if (existsSync(join(path, file))) {
        this.#counted = { path, file, bytes };
        break;
      }
      rmdirSync(path);
    }
    this.#callOff = atExit(() => this.#remove());
  }

  /** What runs a command inside. */
  get prefix(): string[] {
    return this.#counted === undefined ? [] : ["sh", "-c", 'echo $$ > "$0" && exec "$@"', join(this.#counted.path, "cgroup.procs")];
  }

  /** Of the kernel's memory, by what has run inside; NaN where nothing counts it. */
  kernelMB(): number {
    if (this.#counted === undefined) return NaN;
    return Number(this.#counted.bytes.exec(readFileSync(join(this.#counted.path, this.#counted.file), "utf8"))?.[1]) / 1e6;
  }

  [Symbol.dispose](): void {
    this.#callOff();
    this.#remove();
  }

  #remove(): void {
    if (this.#counted === undefined) return;
    try {
      rmdirSync(this.#counted.path);
    } catch {
      // Something inside has not ended yet: at the end of a run that was cut short, an empty group stays.
    }
  }
}

function ownGroup(line: RegExp): string {
  return line.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? "";
}
