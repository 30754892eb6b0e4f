/**
 * Counts connections that failed, and sockets that could not be bound, by program and error. The errors of system calls do not show all of
 * them: most programs connect without waiting, so that connect(2) returns EINPROGRESS, and the connection fails later.
 */

import { ProgramNames } from "../enrich/program-names.ts";
import type { SocketEvent, SocketEventType } from "../events/event.ts";
import type { SocketFailureRow } from "../events/snapshot.ts";
import { OTHER, UNKNOWN } from "../flows/groups.ts";

const FAILURES: readonly SocketEventType[] = ["CONNECT_REFUSED", "CONNECT_FAILED", "BIND_FAILED"];
/** The most rows of programs. The rows of `other` are few, and all of them fit into one metric. */
const MOST_ROWS = 1500;

export class SocketFailures {
  readonly #names = new ProgramNames();
  readonly #rows = new Map<string, SocketFailureRow & { of: SocketEventType }>();

  constructor() {
    for (const type of FAILURES) this.#rowOf(type, OTHER, UNKNOWN);
  }

  /** Counts an event that is reported, if it is a failure. */
  count({ type, process, error, reason }: SocketEvent): void {
    if (!FAILURES.includes(type)) return;
    this.#rowOf(type, this.#names.nameOf(process?.name ?? UNKNOWN), error ?? reason ?? UNKNOWN).count++;
  }

  /** `suppressed` returns how many events of a type were not reported one by one: nobody knows their programs. */
  rows(suppressed: (type: SocketEventType) => number): SocketFailureRow[] {
    return Array.from(this.#rows.values(), ({ of, type, program, error, count }) => ({
      type,
      program,
      error,
      count: program === OTHER && error === UNKNOWN ? count + suppressed(of) : count,
    }));
  }

  #rowOf(of: SocketEventType, program: string, error: string): SocketFailureRow {
    const id = `${of} ${error} ${program}`;
    const known = this.#rows.get(id);
    if (known !== undefined) return known;
    if (program !== OTHER && this.#rows.size >= MOST_ROWS) return this.#rowOf(of, OTHER, error);
    const row = { of, type: of.toLowerCase(), program, error, count: 0 };
    this.#rows.set(id, row);
    return row;
  }
}
