/**
 * Sums the traffic of each account: a process, a peer and a service. The number of accounts is limited. Beyond it, those that
 * were silent for longest are added to one account for all processes, peers and services of the same program in the same place,
 * and those again to a single rest. So the sums lose nothing, and much traffic of one kind only costs the detail of the others.
 */

import type { Account } from "../flows/groups.ts";
import { Tally } from "./tally.ts";

const DETAILED = 8192;
const BY_PROGRAM = 1024;

interface Booked {
  account: Account;
  tally: Tally;
}

/** The account of everything that has no detail any more. */
export const REST: Account = {};

export class TrafficLedger {
  readonly #detailed: Table;
  readonly #byProgram: Table;
  readonly #rest: Booked = { account: REST, tally: new Tally() };

  constructor(limits = { detailed: DETAILED, byProgram: BY_PROGRAM }) {
    this.#detailed = new Table(limits.detailed);
    this.#byProgram = new Table(limits.byProgram);
  }

  /** `now` is in milliseconds since the epoch. */
  tallyOf(account: Account, now: number): Tally {
    return this.#detailed.tallyOf(account, (silent) => this.#addToProgram(silent, now));
  }

  *entries(): Generator<Booked> {
    yield* this.#detailed.entries();
    yield* this.#byProgram.entries();
    yield this.#rest;
  }

  #addToProgram({ account: { process, container, pod, unit }, tally }: Booked, now: number): void {
    const program: Account = {
      ...(process === undefined
        ? {}
        : { process: { name: process.name, ...(process.executable === undefined ? {} : { executable: process.executable }) } }),
      ...(container === undefined ? {} : { container }),
      ...(pod === undefined ? {} : { pod }),
      ...(unit === undefined ? {} : { unit }),
    };
    this.#byProgram.tallyOf(program, (silent) => this.#rest.tally.merge(silent.tally, now)).merge(tally, now);
  }
}

/**
 * A map in two generations. When the young generation fills half of the room, old entries that were not used since are removed,
 * and the young become the old. Finding the single oldest entry in a large Map again and again takes ten times as long.
 */
class Table {
  readonly #limit: number;
  #young = new Map<string, Booked>();
  #old = new Map<string, Booked>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  tallyOf(account: Account, displace: (silent: Booked) => void): Tally {
    const key = keyOf(account);
    const young = this.#young.get(key);
    if (young !== undefined) return young.tally;
    const booked = this.#old.get(key) ?? { account, tally: new Tally() };
    this.#old.delete(key);
    if (this.#young.size >= this.#limit / 2) {
      for (const silent of this.#old.values()) displace(silent);
      [this.#young, this.#old] = [new Map(), this.#young];
    }
    this.#young.set(key, booked);
    return booked.tally;
  }

  *entries(): Generator<Booked> {
    yield* this.#old.values();
    yield* this.#young.values();
  }
}

function keyOf({ process, container, pod, unit, peer, service }: Account): string {
  return [process?.pid, process?.started, process?.name, process?.executable, container?.id, pod?.uid, unit, peer, service].join("\0");
}
