/** The executable of a process, as long as it is still the process that the event meant. */

import { readlinkSync } from "node:fs";

import { ofProcess } from "./process-files.ts";
import { Recent } from "./recent.ts";

const CAPACITY = 4096;

/** A process is told apart by when it started. */
export class Executables {
  readonly #known = new Recent<string, { path: string | undefined }>(CAPACITY);
  readonly #proc: string;

  constructor(proc = "/proc") {
    this.#proc = proc;
  }

  of(pid: number, startedNs: bigint): string | undefined {
    const key = `${pid}@${startedNs}`;
    return (this.#known.get(key) ?? this.#known.set(key, { path: ofProcess(this.#proc, pid, startedNs, (folder) => readlinkSync(`${folder}/exe`)) })).path;
  }
}
