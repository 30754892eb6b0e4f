/** Keeps bans on the disk and in the tables of the kernel. */

import type { Network } from "../../values/address.ts";
import { TableFull } from "../networks/table.ts";
import type { Order } from "../networks/store.ts";
import type { BanStore } from "./store.ts";
import type { BanTable } from "./table.ts";

/** The table of prefixes has room for at least this many, so there may be this many bans of any kind. */
const MOST_BANS = 1_048_576;

export interface Ban {
  network: Network;
  order: Order;
}

export class BanKeeper {
  readonly store: BanStore;
  readonly #table: BanTable;

  /** Bans that an earlier agent left in the table are removed, unless they are in the store. */
  constructor(store: BanStore, table: BanTable, exceptions: readonly Network[] = []) {
    this.store = store;
    this.#table = table;
    table.setExceptions(exceptions);
    const stale = [...filter(table.networks(), (network) => store.orderOf(network) === undefined)];
    for (const network of stale) table.remove(network);
    for (let row = 0; row < store.size; row++) this.#enforceKept(store.at(row));
  }

  /** The tables may have another size than before, so a ban that fitted before may not fit now. */
  #enforceKept({ network, order }: Ban): void {
    try {
      this.#table.add(network, order.until);
    } catch (error) {
      if (!(error instanceof TableFull)) throw error;
      this.store.trouble = [`not all bans are in force: ${error.message}`];
    }
  }

  /** Throws a RangeError if there are too many. */
  setExceptions(networks: readonly Network[]): void {
    this.#table.setExceptions(networks);
  }

  /** Makes room for more bans, so that packets find all of them fast. Call it while nobody else changes bans. */
  makeRoom(more: number): Promise<void> {
    return this.#table.makeRoom(Math.min(this.store.size + more, MOST_BANS));
  }

  /** Adds all networks or none, and returns how many are new. Rejects with TableFull, or with the error of the disk. */
  async add(networks: readonly Network[], order: Order): Promise<number> {
    const fresh = networks.filter((network) => this.store.orderOf(network) === undefined).length;
    if (this.store.size + fresh > MOST_BANS)
      throw new TableFull(
        `there are ${this.store.size} bans, and at most ${MOST_BANS} fit; delete some, or ban prefixes instead of addresses`,
      );
    let written = 0;
    try {
      for (; written < networks.length; written++) this.#table.add(networks[written]!, order.until);
      await this.store.add(order, networks);
    } catch (error) {
      for (const network of networks.slice(0, written)) this.#restore(network);
      throw error;
    }
    return fresh;
  }

  /** Removes bans from the disk first: a ban that is still on the disk stays in force. */
  async remove(networks: readonly Network[]): Promise<void> {
    await this.store.remove(networks);
    for (const network of networks) this.#table.remove(network);
  }

  async clear(): Promise<void> {
    await this.store.clear();
    this.#table.clear();
  }

  /** Removes at most `most` bans that are over. The kernel ignores them already. */
  sweep(most: number): Ban[] {
    const over = this.store.takeExpired(most);
    for (const { network } of over) this.#table.remove(network);
    return over;
  }

  /** Returns the bans in force that cover all of a network, the longest prefix first. */
  covering(network: Network, now = this.store.now()): Ban[] {
    const found: Ban[] = [];
    for (const wider of this.store.covering(network)) {
      const order = this.store.orderOf(wider)!;
      if (!this.store.isOver(order, now)) found.push({ network: wider, order });
    }
    return found;
  }

  #restore(network: Network): void {
    const order = this.store.orderOf(network);
    if (order === undefined) this.#table.remove(network);
    else this.#table.add(network, order.until);
  }
}

function* filter<T>(values: Iterable<T>, wanted: (value: T) => boolean): Generator<T> {
  for (const value of values) if (wanted(value)) yield value;
}
