/**
 * Keeps the sets that rules name in the tables of the kernel. When rules change, members that come or go with them are valid in
 * one copy of the rules only, until no packet reads the other copy. So each packet sees the old rules with the old sets, or the
 * new rules with the new sets. Other changes of members are valid at once.
 */

import { setImmediate as breathe } from "node:timers/promises";

import type { Network } from "../../values/address.ts";
import { BOTH_COPIES, type NetworkTable, onlyInCopy, TableFull } from "../networks/table.ts";
import { NumberedNetworks } from "../networks/numbered.ts";
import type { Order } from "../networks/store.ts";
import type { SetNumbers } from "../../policy/sets.ts";
import { FOR_EVER, type Listed, type SetMembers } from "./members.ts";

/** This many members are written before other work gets its turn, which takes some milliseconds. */
const SLICE = 2000;

/** A change that packets do not see yet. */
export interface Transition {
  /** Call this once the rules that belong to it are in force. */
  finish(): Promise<void>;
  /** Call this if the rules do not come into force. */
  undo(): Promise<void>;
}

/** The set that a number stands for. */
interface Known {
  /** True if an earlier agent left it in the table: nobody knows for which copies it is valid. */
  isFound?: boolean;
  size: number;
  untilOf(network: Network): number | undefined;
  [Symbol.iterator](): Iterator<Network>;
}

type ByNumber = ReadonlyMap<number, Known>;
export type SetsByName = ReadonlyMap<string, SetMembers>;

export class SetKeeper {
  /** The members of each set that should be in force and are not, as sentences by number. */
  readonly #trouble = new Map<number, string>();
  readonly #table: NetworkTable;
  readonly #gracePeriod: () => Promise<void>;
  #sets: SetsByName = new Map();
  #numbers: SetNumbers = {};
  #byNumber: ByNumber;

  /**
   * The first transition removes what an earlier agent left in the table. `gracePeriod` resolves once no packet reads the old
   * copy of the rules.
   */
  constructor(table: NetworkTable, gracePeriod: () => Promise<void>) {
    this.#table = table;
    this.#gracePeriod = gracePeriod;
    this.#byNumber = inTable(table);
  }

  /** Sentences for the operator. */
  get trouble(): string[] {
    return [...new Set(this.#trouble.values())];
  }

  /** The sets in force. */
  get sets(): SetsByName {
    return this.#sets;
  }

  /** Prepares the sets for rules that packets will read from this copy. `numbers` are those of the compiled rules. */
  async prepare(next: SetsByName, numbers: SetNumbers, copy: number): Promise<Transition> {
    const byNumber: ByNumber = new Map(Object.entries(numbers).map(([name, number]) => [number, next.get(name)!]));
    const before = this.#byNumber;
    this.#trouble.clear();
    const renewed = await select(byNumber, before, (until, other, isFound) => other !== undefined && (isFound || other !== until));
    const added = await select(byNumber, before, (_, other) => other === undefined);
    const removed = await select(before, byNumber, (_, other) => other === undefined);
    await this.#makeRoom([...added.values()]);
    await this.#each(renewed, (network, number) => this.#put(network, number, byNumber.get(number)!, BOTH_COPIES));
    await this.#each(added, (network, number) => this.#put(network, number, byNumber.get(number)!, onlyInCopy(copy)));
    await this.#each(removed, (network, number) => this.#put(network, number, before.get(number)!, onlyInCopy(copy ^ 1)));
    return {
      finish: async () => {
        [this.#sets, this.#numbers, this.#byNumber] = [next, numbers, byNumber];
        if (isEmpty(added) && isEmpty(removed)) return;
        await this.#gracePeriod();
        await this.#each(added, (network, number) => this.#put(network, number, byNumber.get(number)!, BOTH_COPIES));
        await this.#each(removed, (network, number) => this.#table.take(network, number));
      },
      undo: async () => {
        await this.#each(added, (network, number) => this.#table.take(network, number));
        await this.#each(removed, (network, number) => this.#put(network, number, before.get(number)!, BOTH_COPIES));
      },
    };
  }

  /** Makes room for more members, so that packets find all of them fast. Call it while nobody else changes sets. */
  makeRoom(more: number): Promise<void> {
    return this.#makeRoom([{ size: more }]);
  }

  /** Adds all networks or none, and writes them to the disk. Rejects with TableFull, or with the error of the disk. */
  async add(name: string, networks: readonly Network[], order: Order): Promise<void> {
    const members = this.#sets.get(name)!;
    const number = this.#numbers[name]!;
    let written = 0;
    try {
      for (; written < networks.length; written++)
        this.#table.put(networks[written]!, number, latest(members.untilOf(networks[written]!), order.until));
      await members.store!.add(order, networks);
    } catch (error) {
      for (const network of networks.slice(0, written + 1)) this.#restore(network, number, members);
      throw error;
    }
    for (const network of networks) this.#restore(network, number, members); // the new order may end earlier than the one before
  }

  /** Removes members that were added by command, from the disk first: a member that is still on the disk stays in force. */
  async remove(name: string, networks: readonly Network[]): Promise<void> {
    const members = this.#sets.get(name)!;
    await members.store!.remove(networks);
    for (const network of networks) this.#restore(network, this.#numbers[name]!, members);
  }

  /** Replaces the old content of a set's file by the new one. A network in both is never missing. */
  async relist(name: string, listed: Listed): Promise<void> {
    const members = this.#sets.get(name)!;
    const before = members.listed;
    await this.#makeRoom([listed.networks]); // room for both, until the old ones are removed
    members.listed = listed;
    this.#trouble.delete(this.#numbers[name]!);
    const restore = (network: Network): void => this.#restore(network, this.#numbers[name]!, members);
    await inSlices(listed.networks.networks(), restore);
    await inSlices(before.networks.networks(), (network) => {
      if (listed.networks.get(network) === undefined) restore(network);
    });
  }

  /** Removes at most `most` members that were added by command and are over. The kernel ignores them already. */
  sweep(name: string, most: number): Network[] {
    const members = this.#sets.get(name)!;
    const over = members.store?.takeExpired(most) ?? [];
    for (const { network } of over) this.#restore(network, this.#numbers[name]!, members);
    return over.map(({ network }) => network);
  }

  #makeRoom(more: readonly { size: number }[]): Promise<void> {
    return this.#table.makeRoom([...this.#byNumber.values(), ...more].reduce((sum, { size }) => sum + size, 0));
  }

  /** Makes the table hold what the members say. */
  #restore(network: Network, number: number, members: SetMembers): void {
    if (members.untilOf(network) === undefined) this.#table.take(network, number);
    else this.#put(network, number, members, BOTH_COPIES);
  }

  #put(network: Network, number: number, members: Known, copies: number): void {
    try {
      this.#table.put(network, number, members.untilOf(network)!, copies);
    } catch (error) {
      if (!(error instanceof TableFull)) throw error;
      this.#trouble.set(number, `not all members of sets are in force: ${error.message}`);
    }
  }

  async #each(members: Selection, visit: (network: Network, number: number) => void): Promise<void> {
    for (const [number, networks] of members) await inSlices(networks.networks(), (network) => visit(network, number));
  }
}

function latest(one: number | undefined, other: number): number {
  return one === FOR_EVER || other === FOR_EVER ? FOR_EVER : Math.max(one ?? 0, other);
}

function isEmpty(selection: Selection): boolean {
  return [...selection.values()].every(({ size }) => size === 0);
}

type Selection = ReadonlyMap<number, NumberedNetworks>;

/** Selects members of `these` by their end in the other set of members, if they have one there. */
async function select(
  these: ByNumber,
  others: ByNumber,
  wanted: (until: number, other: number | undefined, isFound: boolean) => boolean,
): Promise<Selection> {
  const selected = new Map<number, NumberedNetworks>();
  for (const [number, members] of these) {
    const other = others.get(number);
    if (other === members) continue;
    const own = new NumberedNetworks();
    await inSlices(members, (network) => {
      if (wanted(members.untilOf(network)!, other?.untilOf(network), other?.isFound ?? false)) own.set(network, 0);
    });
    selected.set(number, own);
  }
  return selected;
}

async function inSlices(networks: Iterable<Network>, visit: (network: Network) => void): Promise<void> {
  let visited = 0;
  for (const network of networks) {
    visit(network);
    if (++visited % SLICE === 0) await breathe();
  }
}

function inTable(table: NetworkTable): ByNumber {
  const found = new Map<number, NumberedNetworks>();
  for (const { network, set, until } of table.members()) {
    const members = found.get(set) ?? new NumberedNetworks();
    found.set(set, members);
    members.set(network, until);
  }
  return new Map(
    [...found].map(([number, members]) => [
      number,
      {
        isFound: true,
        size: members.size,
        untilOf: (network: Network) => members.get(network),
        [Symbol.iterator]: () => members.networks(),
      },
    ]),
  );
}
