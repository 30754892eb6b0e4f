/** Reads files of a process under /proc, if the process is still the one that was meant. */

import { existsSync, readFileSync } from "node:fs";

const CLOCK_TICKS = 100n; // USER_HZ is 100 on every architecture Linux runs Node on
const TICK_NS = 1_000_000_000n / CLOCK_TICKS;

/**
 * Returns the result of `read` for the process's folder; undefined when the process is gone, or has no such file. The start time
 * is read last, so that the number cannot have been given to another process before.
 */
export function ofProcess<T>(proc: string, pid: number, startedNs: bigint, read: (folder: string) => T): T | undefined {
  try {
    const folder = `${proc}/${pid}`;
    if (!existsSync(folder)) return undefined; // this is many times cheaper than an error
    const answer = read(folder);
    const stat = readFileSync(`${folder}/stat`, "utf8");
    // The command is in parentheses and may itself contain any character; the start time is the 20th field after it.
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return ticks !== undefined && BigInt(ticks) === startedNs / TICK_NS ? answer : undefined;
  } catch {
    return undefined;
  }
}
