/** The members of a set from all origins: the configuration, its file, and commands. */

import { type Network, parseNetworks } from "../../values/address.ts";
import type { SetConfig } from "../../policy/rule.ts";
import { halves } from "../networks/halves.ts";
import { NumberedNetworks } from "../networks/numbered.ts";
import type { NetworkStore, Order } from "../networks/store.ts";

export const FOR_EVER = 0;

export type Origin = "configuration" | "file" | "command";

/** The members in a file, and until when they are valid: a second of the boot clock, or FOR_EVER. */
export interface Listed {
  networks: NumberedNetworks;
  until: number;
}

export class SetMembers implements Iterable<Network> {
  readonly config: SetConfig;
  /** The members that were added by command; absent if nothing is kept. */
  readonly store: NetworkStore | undefined;
  listed: Listed;
  readonly #written = new NumberedNetworks();

  constructor(config: SetConfig, store?: NetworkStore, listed: Listed = { networks: new NumberedNetworks(), until: FOR_EVER }) {
    this.config = config;
    this.store = store;
    this.listed = listed;
    for (const text of config.addresses ?? [])
      for (const network of parseNetworks(text).flatMap(halves)) this.#written.set(network, FOR_EVER);
  }

  /** The number of members. A network from two origins is counted twice. */
  get size(): number {
    return this.#written.size + this.listed.networks.size + (this.store?.size ?? 0);
  }

  count(origin: Origin): number {
    return origin === "configuration" ? this.#written.size : origin === "file" ? this.listed.networks.size : (this.store?.size ?? 0);
  }

  /** Returns a member by its row, the latest of each origin first: `from` counts down from `size`. */
  at(row: number): { network: Network; origin: Origin; until: number; order?: Order } {
    const [written, listed] = [this.#written.size, this.listed.networks.size];
    if (row < written) return { network: this.#written.networkAt(row), origin: "configuration", until: FOR_EVER };
    if (row < written + listed) return { network: this.listed.networks.networkAt(row - written), origin: "file", until: this.listed.until };
    const { network, order } = this.store!.at(row - written - listed);
    return { network, origin: "command", until: order.until, order };
  }

  /** Returns the second of the boot clock until which the network is a member, or FOR_EVER; undefined if it is no member. */
  untilOf(network: Network): number | undefined {
    if (this.#written.get(network) !== undefined) return FOR_EVER;
    const listed = this.listed.networks.get(network) === undefined ? undefined : this.listed.until;
    const ordered = this.store?.orderOf(network)?.until;
    if (listed === undefined || ordered === undefined) return listed ?? ordered;
    return listed === FOR_EVER || ordered === FOR_EVER ? FOR_EVER : Math.max(listed, ordered);
  }

  /** Yields the members that cover all of a network, itself included. */
  *covering(network: Network): Generator<{ network: Network; origin: Origin; until: number; order?: Order }> {
    for (const wider of this.#written.covering(network)) yield { network: wider, origin: "configuration", until: FOR_EVER };
    for (const wider of this.listed.networks.covering(network)) yield { network: wider, origin: "file", until: this.listed.until };
    for (const wider of this.store?.covering(network) ?? []) {
      const order = this.store!.orderOf(wider)!;
      yield { network: wider, origin: "command", until: order.until, order };
    }
  }

  /** Yields each network once. */
  *[Symbol.iterator](): Generator<Network> {
    yield* this.#written.networks();
    for (const network of this.listed.networks.networks()) if (this.#written.get(network) === undefined) yield network;
    for (let row = 0; row < (this.store?.size ?? 0); row++) {
      const { network } = this.store!.at(row);
      if (this.#written.get(network) === undefined && this.listed.networks.get(network) === undefined) yield network;
    }
  }
}
