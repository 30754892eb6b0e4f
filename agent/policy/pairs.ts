/**
 * Makes the pairs of source and destination that can meet in one packet: both have the same family.
 *
 * Tables without families hold an IPv4 address as ::ffff:a.b.c.d. An IPv6 prefix as short as ::/0 would hold all of IPv4 as well,
 * so it is replaced by the prefixes around that block.
 */

import { parseNetworks, type Network } from "../values/address.ts";
import { setNamed } from "./named-sets.ts";
import { networksOutside } from "./spans.ts";

/** The most matchers of all rules together. */
export const MOST_MATCHERS = 262_144;

const MAPPED_BLOCK = parseNetworks("0.0.0.0/0")[0] as Network;

/** The sets of which one must hold the address, with one bit each. */
export interface SetBits {
  sets: bigint;
}

export interface Pair {
  source: Network | SetBits | undefined;
  destination: Network | SetBits | undefined;
}

const NONE: readonly string[] = [];
const ANY = [undefined];
const EVERYWHERE: readonly Network[] = ["0.0.0.0/0", "::/0"].flatMap(parseNetworks);

/** The networks of one end as they are written, and the networks that are left out. */
export interface EndNetworks {
  of?: readonly string[] | undefined;
  except?: readonly string[] | undefined;
}

/** Makes the pairs. It stops one beyond what the tables hold: more is refused anyway, and two long lists would make billions. */
export function pairsOf(source: EndNetworks, destination: EndNetworks, setsOf: (list: readonly string[]) => bigint): Pair[] {
  const pairs: Pair[] = [];
  const [from, to] = [membersOf(source, setsOf), membersOf(destination, setsOf)];
  for (const source of from) {
    for (const destination of to) {
      if (source && destination && "family" in source && "family" in destination && source.family !== destination.family) continue;
      pairs.push({ source, destination });
      if (pairs.length > MOST_MATCHERS) return pairs;
    }
  }
  return pairs;
}

/** Returns the networks of a list, with all sets as one member; "any" for an empty list. */
function membersOf({ of = NONE, except }: EndNetworks, setsOf: (list: readonly string[]) => bigint): readonly Pair["source"][] {
  if (!of.some((entry) => setNamed(entry) !== undefined)) return networksOf({ of, except });
  const written = of.filter((entry) => setNamed(entry) === undefined);
  return [...(written.length === 0 ? [] : networksOf({ of: written, except })), { sets: setsOf(of) }];
}

function networksOf({ of = NONE, except = NONE }: EndNetworks): readonly (Network | undefined)[] {
  if (except.length > 0) return networksOutside(of.length === 0 ? EVERYWHERE : of.flatMap(parseNetworks), except.flatMap(parseNetworks));
  if (of.length < 2) return of.length === 0 ? ANY : parseNetworks(of[0]!);
  return of.flatMap(parseNetworks);
}

function holdsIPv4(network: Network): boolean {
  return network.family === 6 && network.length < MAPPED_BLOCK.length && network.address.every((byte) => byte === 0);
}

/** Walks from the block up to the prefix, and takes at each length the half that the block is not in. */
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
