/**
 * Cuts port ranges. Ranges that overlap have no key that tells them apart, so they are cut at the borders of blocks of ports. A
 * matcher then stands under the key of each block that it reaches into, as a part of itself.
 */

import { finerPorts, type PortDimension, PORT_DIMENSIONS } from "./form.ts";
import { makesMeaningless } from "./cover.ts";
import type { Lines } from "./line.ts";

/** A cut makes blocks of ports that share this many leading bits. */
export interface Cut {
  dimension: PortDimension;
  bits: number;
}

/** A matcher is cut into at most this many parts on average, so wide ranges are not cut finely. */
const MOST_PARTS = 16;
/** Of each list, this many of the first matchers are remembered to see what they hide. */
const MOST_FIRST = 256;
/** Of the matchers that cover a whole block, this many are remembered. */
const MOST_HOLDERS = 16;

/** Returns the list without most of the lines that earlier ones hide. The list is in the order of the rules. */
export function withoutSilenced(lines: Lines, list: readonly number[]): readonly number[] {
  const first: number[] = [];
  return list.filter((line) => {
    if (first.some((earlier) => makesMeaningless(lines, earlier, line, true))) return false;
    if (first.length < MOST_FIRST) first.push(line);
    return true;
  });
}

/**
 * Visits each line of the list, which is in the order of the rules, and each part of it that earlier ones do not hide. A part is
 * a line that the next part overwrites.
 */
export function eachPart(lines: Lines, list: readonly number[], cut: Cut, take: (line: number, part: number, block: number) => void): void {
  const holders = new Map<number, number[]>();
  const part = lines.add();
  for (const line of list) {
    for (const { block, first, last, isWhole } of partsOf(lines, line, cut)) {
      lines.copyFrom(lines, line, part);
      setPorts(lines, part, cut.dimension, first, last);
      let before = holders.get(block);
      if (before?.some((holder) => makesMeaningless(lines, holder, part, true))) continue;
      if (isWhole) {
        if (before === undefined) holders.set(block, (before = []));
        if (before.length < MOST_HOLDERS) before.push(line);
      }
      take(line, part, block);
    }
  }
}

/** Yields the parts of a line. */
function* partsOf(
  lines: Lines,
  line: number,
  { dimension, bits }: Cut,
): Iterable<{ block: number; first: number; last: number; isWhole: boolean }> {
  const [low, high] = portsOf(lines, line, dimension);
  const size = 1 << (16 - bits);
  for (let from = low - (low % size); from <= high; from += size) {
    const [first, last] = [Math.max(low, from), Math.min(high, from + size - 1)];
    yield { block: from / size, first, last, isWhole: last - first === size - 1 };
  }
}

/**
 * Returns the coarsest cut that leaves short lists; undefined if no cut shortens them. `sample` is in the order of the rules.
 * `mostParts` is a second limit on the parts of one line on average.
 */
export function bestCut(
  lines: Lines,
  sample: readonly number[],
  from: Record<PortDimension, number>,
  mostParts: number,
  isPossible: (cut: Cut) => boolean,
): Cut | undefined {
  let best: Cut | undefined;
  let shortest = withoutSilenced(lines, sample).length * 0.75;
  for (const dimension of PORT_DIMENSIONS) {
    for (const bits of finerPorts(from[dimension])) {
      const cut = { dimension, bits };
      if (reach(lines, sample, cut) > Math.min(MOST_PARTS, mostParts) * sample.length) break;
      if (!isPossible(cut)) continue;
      const counts = new Map<number, number>();
      let longest = 0;
      eachPart(lines, sample, cut, (_line, _part, block) => {
        const count = (counts.get(block) ?? 0) + 1;
        counts.set(block, count);
        if (count > longest) longest = count;
      });
      if (longest >= shortest * (best?.dimension === dimension ? 0.7 : 1)) {
        if (best?.dimension === dimension) break;
        continue;
      }
      shortest = longest;
      best = cut;
    }
  }
  return best;
}

/** Returns the number of blocks that each line reaches into, summed over the lines. */
function reach(lines: Lines, list: readonly number[], cut: Cut): number {
  return list.reduce((sum, line) => sum + blocksOf(lines, line, cut), 0);
}

export function blocksOf(lines: Lines, line: number, { dimension, bits }: Cut): number {
  const [low, high] = portsOf(lines, line, dimension);
  return (high >> (16 - bits)) - (low >> (16 - bits)) + 1;
}

function portsOf(lines: Lines, line: number, dimension: PortDimension): [low: number, high: number] {
  return dimension === "sourcePort"
    ? [lines.sourcePortLow(line), lines.sourcePortHigh(line)]
    : [lines.destinationPortLow(line), lines.destinationPortHigh(line)];
}

function setPorts(lines: Lines, line: number, dimension: PortDimension, first: number, last: number): void {
  if (dimension === "sourcePort") lines.setSourcePorts(line, { first, last });
  else lines.setDestinationPorts(line, { first, last });
}
