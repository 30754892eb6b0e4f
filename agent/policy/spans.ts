/** Subtracts networks, ports, protocols or messages from others. */

import { rangeToNetworks, toInteger, type Network } from "../values/address.ts";

/** Consecutive numbers, both ends included. */
export interface Range {
  first: number;
  last: number;
}

/** A range of numbers as large as addresses. */
interface Span {
  first: bigint;
  last: bigint;
}

/** A range without any number. A matcher with it still asks for the number, so a packet whose number is unknown stays undecided. */
export const NOTHING: Range = { first: 1, last: 0 };

/** Returns the numbers that are in some of the ranges and in none of the others, in order; only NOTHING if there are none. */
export function rangesOutside(ranges: readonly Range[], others: readonly Range[]): readonly Range[] {
  const spans = (of: readonly Range[]): Span[] => of.map(({ first, last }) => ({ first: BigInt(first), last: BigInt(last) }));
  const left = outside(spans(ranges), spans(others)).map(({ first, last }) => ({ first: Number(first), last: Number(last) }));
  return left.length === 0 ? [NOTHING] : left;
}

/** Returns the fewest prefixes for the addresses that are in some of the networks and in none of the others. */
export function networksOutside(networks: readonly Network[], others: readonly Network[]): Network[] {
  return ([4, 6] as const).flatMap((family) => {
    const spans = (of: readonly Network[]): Span[] => of.filter((network) => network.family === family).map(spanOf);
    return outside(spans(networks), spans(others)).flatMap(({ first, last }) => rangeToNetworks(family, first, last));
  });
}

function spanOf({ address, length }: Network): Span {
  const first = toInteger(address);
  return { first, last: first | ((1n << BigInt(128 - length)) - 1n) };
}

function outside(spans: readonly Span[], others: readonly Span[]): Span[] {
  const holes = merged(others);
  const left: Span[] = [];
  let next = 0;
  for (let { first, last } of merged(spans)) {
    while (next < holes.length && holes[next]!.last < first) next++;
    for (; next < holes.length && holes[next]!.first <= last; next++) {
      if (holes[next]!.first > first) left.push({ first, last: holes[next]!.first - 1n });
      first = holes[next]!.last + 1n;
      if (first > last) break; // the next span may lie in this hole, too
    }
    if (first <= last) left.push({ first, last });
  }
  return left;
}

/** Returns the same numbers in order, in spans that do not touch. */
function merged(spans: readonly Span[]): Span[] {
  const apart: Span[] = [];
  for (const { first, last } of spans.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
    const before = apart.at(-1);
    if (before === undefined || first > before.last + 1n) apart.push({ first, last });
    else if (last > before.last) before.last = last;
  }
  return apart;
}
