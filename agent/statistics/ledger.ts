/**
 * Who did how much. There is room for so many accounts of a process, a peer and a service; beyond that those that were
 * silent for longest are added to one for all processes, peers and services of the same program in the same place, and
 * those again to a single rest. So nothing is lost of the sums, and much traffic of one kind costs others only detail.
 */

import type { Account } from "../flows/groups.ts";
import { Tally } from "./tally.ts";

const DETAILED = 8192;
const BY_PROGRAM = 1024;

interface Booked {
  account: Account;
  tally: Tally;
}

/** What nothing is known of any more. */
export const REST: Account = {};

export class Ledger {
  readonly #detailed = new Map<string, Booked>();
  readonly #byProgram = new Map<string, Booked>();
  readonly #rest: Booked = { account: REST, tally: new Tally() };
  readonly #limits: { detailed: number; byProgram: number };

  constructor(limits = { detailed: DETAILED, byProgram: BY_PROGRAM }) {
    this.#limits = limits;
  }

  /** `now` is in milliseconds since the epoch. */
  tallyOf(account: Account, now: number): Tally {
    return find(this.#detailed, account, this.#limits.detailed, (oldest) => this.#addToProgram(oldest, now));
  }

  *entries(): Generator<Booked> {
    yield* this.#detailed.values();
    yield* this.#byProgram.values();
    yield this.#rest;
  }

  #addToProgram({ account: { process, container, pod, unit }, tally }: Booked, now: number): void {
    const program: Account = {
      ...(process === undefined ? {} : { process: { name: process.name, ...(process.executable === undefined ? {} : { executable: process.executable }) } }),
      ...(container === undefined ? {} : { container }),
      ...(pod === undefined ? {} : { pod }),
      ...(unit === undefined ? {} : { unit }),
    };
    find(this.#byProgram, program, this.#limits.byProgram, (oldest) => this.#rest.tally.merge(oldest.tally, now)).merge(tally, now);
  }
}

/** Makes it the last of the table, and room for it. */
function find(table: Map<string, Booked>, account: Account, limit: number, displace: (oldest: Booked) => void): Tally {
  const key = keyOf(account);
  const known = table.get(key);
  if (known !== undefined) table.delete(key);
  else if (table.size >= limit) {
    const [first, oldest] = table.entries().next().value!;
    table.delete(first);
    displace(oldest);
  }
  const booked = known ?? { account, tally: new Tally() };
  table.set(key, booked);
  return booked.tally;
}

function keyOf({ process, container, pod, unit, peer, service }: Account): string {
  return [process?.pid, process?.started, process?.name, process?.executable, container?.id, pod?.uid, unit, peer, service].join("\0");
}
