/** The executable of a process, as long as it is still the process that the event meant. */

import { readFileSync, readlinkSync } from "node:fs";

const CAPACITY = 4096;
const CLOCK_TICKS = 100n; // USER_HZ is 100 on every architecture Linux runs Node on
const TICK_NS = 1_000_000_000n / CLOCK_TICKS;

/** Remembers the last few thousand answers, the oldest going first. A process is told apart by when it started. */
export class Executables {
  readonly #known = new Map<string, string | undefined>();
  readonly #proc: string;

  constructor(proc = "/proc") {
    this.#proc = proc;
  }

  of(pid: number, startedNs: bigint): string | undefined {
    const key = `${pid}@${startedNs}`;
    if (this.#known.has(key)) return this.#known.get(key);
    const executable = this.#read(pid, startedNs);
    if (this.#known.size >= CAPACITY) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(key, executable);
    return executable;
  }

  #read(pid: number, startedNs: bigint): string | undefined {
    try {
      const stat = readFileSync(`${this.#proc}/${pid}/stat`, "utf8");
      // The command is in parentheses and may itself hold any character; the start time is the 20th field after it.
      const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
      if (ticks === undefined || BigInt(ticks) !== startedNs / TICK_NS) return undefined;
      return readlinkSync(`${this.#proc}/${pid}/exe`);
    } catch {
      return undefined; // it is gone, or a kernel thread
    }
  }
}
