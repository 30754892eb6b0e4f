/** What a set holds, from wherever it comes. */

import { type Network, parseNetworks } from "../../config/address.ts";
import type { Sets } from "../../config/sets.ts";
import type { SetConfig } from "../../config/types.ts";
import { NumberedNetworks } from "../networks/numbered.ts";

export const FOR_EVER = 0;

/** How many entries there are, to size the tables. */
export function countMembers(sets: Sets): number {
  return Object.values(sets).reduce((sum, { addresses = [] }) => sum + addresses.length, 0);
}

/** The kernel knows no prefix of no bits in 128: all of IPv6 is two halves. */
function halves(network: Network): Network[] {
  if (network.length > 0) return [network];
  return [0, 0x80].map((first) => ({ family: 6, address: Uint8Array.from({ length: 16 }, (_, at) => (at === 0 ? first : 0)), length: 1 }));
}

export class SetMembers implements Iterable<Network> {
  readonly config: SetConfig;
  readonly #written = new NumberedNetworks();

  constructor(config: SetConfig) {
    this.config = config;
    for (const text of config.addresses ?? []) for (const network of parseNetworks(text).flatMap(halves)) this.#written.set(network, FOR_EVER);
  }

  get size(): number {
    return this.#written.size;
  }

  /** Second of the boot clock until which it is a member, or FOR_EVER; undefined where it is none. */
  untilOf(network: Network): number | undefined {
    return this.#written.get(network);
  }

  *[Symbol.iterator](): Generator<Network> {
    yield* this.#written.networks();
  }
}
