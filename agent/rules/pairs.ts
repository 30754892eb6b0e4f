/**
 * Source and destination as the pairs that can meet in one packet: both of one family.
 *
 * Tables without families hold an IPv4 address as ::ffff:a.b.c.d, so that an IPv6 prefix as short as ::/0 would hold
 * all of IPv4 as well: there it is replaced by the prefixes around that block.
 */

import { parseNetworks, type Network } from "../../config/address.ts";

/** Of all rules together. */
export const MOST_MATCHERS = 262_144;

const MAPPED_BLOCK = parseNetworks("0.0.0.0/0")[0] as Network;

export interface Pair {
  source: Network | undefined;
  destination: Network | undefined;
}

const NONE: readonly string[] = [];
const ANY = [undefined];

/** Stops one beyond what the tables hold: more is refused anyway, and two long lists make billions. */
export function pairsOf(sources: readonly string[] = NONE, destinations: readonly string[] = NONE): Pair[] {
  const pairs: Pair[] = [];
  const [from, to] = [networksOf(sources), networksOf(destinations)];
  for (const source of from) {
    for (const destination of to) {
      if (source && destination && source.family !== destination.family) continue;
      pairs.push({ source, destination });
      if (pairs.length > MOST_MATCHERS) return pairs;
    }
  }
  return pairs;
}

/** The networks of a list; for an empty one "any". */
function networksOf(list: readonly string[]): readonly (Network | undefined)[] {
  if (list.length < 2) return list.length === 0 ? ANY : parseNetworks(list[0]!);
  return list.flatMap(parseNetworks);
}

function holdsIPv4(network: Network): boolean {
  return network.family === 6 && network.length < MAPPED_BLOCK.length && network.address.every((byte) => byte === 0);
}

/** Walks from the block up to the prefix: at each length, the half that the block is not in. */
export function withoutIPv4(network: Network): Network[] {
  if (!holdsIPv4(network)) return [network];
  const parts: Network[] = [];
  for (let length = network.length + 1; length <= MAPPED_BLOCK.length; length++) {
    const address = new Uint8Array(16);
    address.set(MAPPED_BLOCK.address.subarray(0, Math.ceil(length / 8)));
    const last = (length - 1) >> 3;
    const bit = 0x80 >> ((length - 1) & 7);
    address[last] = ((address[last] as number) ^ bit) & -bit;
    parts.push({ family: 6, address, length });
  }
  return parts;
}
