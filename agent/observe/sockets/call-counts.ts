/**
 * Counts how often programs made system calls about sockets, and how these calls ended. Anybody can use ever new names, so the
 * number of programs, rows and keys in the kernel's table is limited. Calls without a row of their own belong to the program
 * `other`: no call is missing in a sum.
 */

import { Call, CallNames, Limit, ProgramCall } from "../../generated/layout.ts";
import { errnoName } from "../../kernel/errors.ts";
import type { BpfMap } from "../../kernel/maps.ts";
import { ProgramNames } from "../enrich/program-names.ts";
import { readCounts } from "../events/counters.ts";
import type { SystemCallRow } from "../events/snapshot.ts";
import { OTHER } from "../flows/groups.ts";

/** The most rows of programs. The rows of `other` are few, and all of them fit into one metric. */
const MOST_ROWS = 1500;
/**
 * If more than this part of the kernel's table is used, the keys that have no row here are removed. The table has more room than
 * MOST_ROWS.
 */
const FULL = 0.75;
/** The most keys that are removed at once. The next errors of known programs need no more room, and each key takes some microseconds. */
const ROOM = 1000;

const { SOCKET_ERRORS, PROGRAM_CALLS } = Limit;
/** The kernel's sums count all errors beyond this number in this place. */
const LAST_ERROR = SOCKET_ERRORS - 1;

export class CallCounts {
  readonly #maps: ReadonlyMap<string, BpfMap>;
  readonly #names = new ProgramNames();
  /** The rows by name and place, in the order in which they came, so that a metric with too many series always keeps the same ones. */
  readonly #programs = new Map<string, { place: number; row: SystemCallRow }>();
  /** The rows of `other` by place. Each call has such a row from the start. */
  readonly #others = new Map<number, SystemCallRow>();

  /** `maps` are those of the data plane. Those for system calls exist once system calls are traced. */
  constructor(maps: ReadonlyMap<string, BpfMap>) {
    this.#maps = maps;
    // The calls after these are only shown, while somebody looks at a process, and never counted.
    for (let call: number = Call.SOCKET; call <= Call.PIDFD_GETFD; call++) this.#raiseOther(call * SOCKET_ERRORS, 0);
  }

  rows(): SystemCallRow[] {
    const [sums, programs] = [this.#maps.get("call_counts"), this.#maps.get("program_calls")];
    if (sums !== undefined && programs !== undefined) this.#read(sums, programs);
    return [...this.#others.values(), ...Array.from(this.#programs.values(), ({ row }) => row)].map((row) => ({ ...row }));
  }

  /**
   * The kernel counts a call for its program before it counts it in the sum. The sums are read first: the part of a sum that no
   * program has is then at most the part of `other`, and never becomes smaller.
   */
  #read(sums: BpfMap, programs: BpfMap): void {
    const total = readCounts(sums);
    const keys = this.#readPrograms(programs);
    const named = new Array<number>(total.length).fill(0);
    for (const { place, row } of this.#programs.values()) named[place]! += row.count;
    for (const [place, count] of total.entries()) if (count > named[place]!) this.#raiseOther(place, count - named[place]!);
    if (keys.length > PROGRAM_CALLS * FULL) this.#makeRoom(programs, keys);
  }

  /** Returns the keys of the table, each with the name of its row. */
  #readPrograms(programs: BpfMap): { key: Buffer; id: string | undefined }[] {
    const found = Array.from(programs.entries(), ({ key, value }) => ({ key: Buffer.from(key), count: Number(value.readBigUInt64LE()) }));
    // If there is not room for all of them, the busiest come first.
    found.sort((one, other) => other.count - one.count);
    const counts = new Map<string, number>();
    const keys = found.map(({ key, count }) => {
      const id = this.#rowOf(key);
      if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + count);
      return { key, id };
    });
    for (const [id, count] of counts) this.#programs.get(id)!.row.count = count;
    return keys;
  }

  /** Returns the name of the row that counts a key; undefined if it belongs to `other`. */
  #rowOf(key: Buffer): string | undefined {
    const program = this.#names.nameOf(commandOf(key));
    if (program === OTHER) return undefined;
    const place = key.readUInt16LE(ProgramCall.call) * SOCKET_ERRORS + Math.min(key.readUInt16LE(ProgramCall.error), LAST_ERROR);
    const id = `${place} ${program}`;
    if (this.#programs.has(id)) return id;
    if (this.#programs.size >= MOST_ROWS) return undefined;
    this.#programs.set(id, { place, row: describe(place, program) });
    return id;
  }

  #raiseOther(place: number, count: number): void {
    const row = this.#others.get(place) ?? describe(place, OTHER);
    row.count = Math.max(row.count, count);
    this.#others.set(place, row);
  }

  /** Removes keys to make room for other errors of the programs that have a name. The calls under these keys stay in the sums. */
  #makeRoom(programs: BpfMap, keys: readonly { key: Buffer; id: string | undefined }[]): void {
    const unnamed = keys.filter(({ id }) => id === undefined);
    for (const { key } of unnamed.slice(0, ROOM)) programs.delete(key);
  }
}

/** Makes a row with the count 0. */
function describe(place: number, program: string): SystemCallRow {
  const [call, error] = [Math.floor(place / SOCKET_ERRORS), place % SOCKET_ERRORS];
  const name = error === LAST_ERROR ? OTHER : errnoName(error);
  return { call: CallNames[call] ?? OTHER, program, ...(error === 0 ? {} : { error: name }), count: 0 };
}

function commandOf(key: Buffer): string {
  const command = key.subarray(ProgramCall.command.at, ProgramCall.command.at + ProgramCall.command.count);
  return command.toString("utf8", 0, command.indexOf(0)); // a name in the kernel ends with NUL
}
