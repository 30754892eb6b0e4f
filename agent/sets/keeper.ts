/**
 * The sets that rules name, in the tables of the kernel. Members that come or go with other rules count for one copy of
 * the rules only, until no packet reads the other: each packet sees the old rules with the old sets, or the new with the
 * new.
 */

import { setImmediate as breathe } from "node:timers/promises";

import type { Network } from "../../config/address.ts";
import type { Sets } from "../../config/sets.ts";
import type { SetConfig } from "../../config/types.ts";
import { BOTH_COPIES, type NetworkTable, onlyInCopy, TableFull } from "../networks/table.ts";
import { NumberedNetworks } from "../networks/numbered.ts";
import type { SetNumbers } from "../rules/sets.ts";
import { SetMembers } from "./members.ts";

/** Members written before others have their turn: some milliseconds. */
const SLICE = 5000;

/** A change that packets do not see yet. */
export interface Transition {
  /** Once the rules that go with it are in force. */
  finish(): Promise<void>;
  /** Instead, where they are not. */
  undo(): Promise<void>;
}

/** What a number stands for. */
interface Known {
  /** In the table, by an agent before: nobody knows which copies it counts for. */
  isFound?: boolean;
  untilOf(network: Network): number | undefined;
  [Symbol.iterator](): Iterator<Network>;
}

type ByNumber = ReadonlyMap<number, Known>;

export class SetKeeper {
  /** What is not in force of what should be, for the operator. */
  trouble: string[] = [];
  readonly #table: NetworkTable;
  readonly #gracePeriod: () => Promise<void>;
  #sets: ReadonlyMap<string, SetMembers> = new Map();
  #byNumber: ByNumber;

  /** What an agent before left in the table goes with the first transition. `gracePeriod`: until no packet reads the old copy of the rules. */
  constructor(table: NetworkTable, gracePeriod: () => Promise<void>) {
    this.#table = table;
    this.#gracePeriod = gracePeriod;
    this.#byNumber = inTable(table);
  }

  get(name: string): SetMembers | undefined {
    return this.#sets.get(name);
  }

  /** For rules that are going to be read from this copy. `numbers`: as compiled. */
  async prepare(sets: Sets, numbers: SetNumbers, copy: number): Promise<Transition> {
    const next = new Map(Object.entries(numbers).map(([name]) => [name, this.#membersOf(name, sets[name]!)]));
    const byNumber: ByNumber = new Map(Object.entries(numbers).map(([name, number]) => [number, next.get(name)!]));
    const before = this.#byNumber;
    this.trouble = [];
    const renewed = await select(byNumber, before, (until, other, isFound) => other !== undefined && (isFound || other !== until));
    const added = await select(byNumber, before, (_, other) => other === undefined);
    const removed = await select(before, byNumber, (_, other) => other === undefined);
    await this.#each(renewed, (network, number) => this.#put(network, number, byNumber, BOTH_COPIES));
    await this.#each(added, (network, number) => this.#put(network, number, byNumber, onlyInCopy(copy)));
    await this.#each(removed, (network, number) => this.#put(network, number, before, onlyInCopy(copy ^ 1)));
    return {
      finish: async () => {
        [this.#sets, this.#byNumber] = [next, byNumber];
        if (isEmpty(added) && isEmpty(removed)) return;
        await this.#gracePeriod();
        await this.#each(added, (network, number) => this.#put(network, number, byNumber, BOTH_COPIES));
        await this.#each(removed, (network, number) => this.#table.take(network, number));
      },
      undo: async () => {
        await this.#each(added, (network, number) => this.#table.take(network, number));
        await this.#each(removed, (network, number) => this.#put(network, number, before, BOTH_COPIES));
      },
    };
  }

  #membersOf(name: string, config: SetConfig): SetMembers {
    const known = this.#sets.get(name);
    return known !== undefined && JSON.stringify(known.config) === JSON.stringify(config) ? known : new SetMembers(config);
  }

  #put(network: Network, number: number, from: ByNumber, copies: number): void {
    try {
      this.#table.put(network, number, from.get(number)!.untilOf(network)!, copies);
    } catch (error) {
      if (!(error instanceof TableFull)) throw error;
      this.trouble = [`not all members of sets are in force: ${error.message}`];
    }
  }

  async #each(members: Selection, visit: (network: Network, number: number) => void): Promise<void> {
    for (const [number, networks] of members) await inSlices(networks.networks(), (network) => visit(network, number));
  }
}

function isEmpty(selection: Selection): boolean {
  return [...selection.values()].every(({ size }) => size === 0);
}

type Selection = ReadonlyMap<number, NumberedNetworks>;

/** Members of `these` by what the others say of them: until when they are members there, if they are. */
async function select(these: ByNumber, others: ByNumber, wanted: (until: number, other: number | undefined, isFound: boolean) => boolean): Promise<Selection> {
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
  return new Map([...found].map(([number, members]) => [number, { isFound: true, untilOf: (network: Network) => members.get(network), [Symbol.iterator]: () => members.networks() }]));
}
