/**
 * How many conditional rules one packet can meet before a rule decides. A flow carries the conditional rules that
 * stand before its first unconditional match, and has room for a few: rule sets that could need more are refused.
 *
 * Matchers that meet in pairs meet in one point (they are boxes), so that the search may go from pair to pair. It errs
 * towards refusing: where several rules together, but none alone, cover a chain, the chain counts.
 */

import { Limit, MatcherFlag } from "../generated/layout.ts";
import { narrow } from "./classifier/cover.ts";
import { type LineArrays, Lines } from "./classifier/line.ts";

/** The search gives up after so many steps, and says so: it must not hang on what somebody else wrote. */
const MOST_STEPS = 200_000;

export interface LongChain {
  /** Orders of its rules. */
  orders: number[];
  /** Whether it is known that a packet can meet them all. */
  exact: boolean;
}

/**
 * Of the rules that chains begin with, and those that stand behind all of these. `isSilenced`: whether rules before a
 * line leave it no say.
 */
export function findLongChain(
  first: Lines,
  behind: Lines | undefined,
  isSilenced: (lines: Lines, line: number) => boolean,
): LongChain | undefined {
  const firsts = conditionalRules(first);
  const conditional = behind === undefined ? firsts : [...firsts, ...conditionalRules(behind)];
  if (conditional.length <= Limit.CONDITIONS) return undefined;
  // Where the rules of a chain meet, by the length of the chain.
  const points = new Lines(Limit.CONDITIONS + 2, Limit.CONDITIONS + 2);
  let steps = 0;

  /** Extends a chain, all of whose rules meet in its point, by rules from `from` on. */
  const extend = (orders: number[], from: number): number[] | undefined => {
    if (orders.length > Limit.CONDITIONS) return orders;
    for (let index = from; index < (orders.length === 0 ? firsts : conditional).length; index++) {
      if (orders.length + conditional.length - index <= Limit.CONDITIONS) return undefined;
      const { lines, order, first, last } = conditional[index]!;
      for (let line = first; line <= last; line++) {
        if (++steps > MOST_STEPS) return orders;
        const point = orders.length + 1;
        if (orders.length === 0) {
          points.copyFrom(lines, line, point);
        } else {
          points.copyFrom(points, point - 1, point);
          if (!narrow(points, point, lines, line)) continue;
          points.setOrder(point, order);
        }
        if (isSilenced(points, point)) continue;
        const found = extend([...orders, order], index + 1);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };

  const orders = extend([], 0);
  if (orders === undefined) return undefined;
  return steps > MOST_STEPS ? { orders: conditional.map(({ order }) => order), exact: false } : { orders, exact: true };
}

interface ConditionalRule {
  lines: Lines;
  order: number;
  first: number;
  last: number;
}

/** What has to be known of lines, to find chains that end among them. */
export function conditionalLines(lines: Lines): LineArrays {
  const chosen: number[] = [];
  for (let line = 0; line < lines.count; line++) if (lines.flags(line) & MatcherFlag.CONDITIONAL) chosen.push(line);
  return lines.arrays(chosen);
}

function conditionalRules(lines: Lines): ConditionalRule[] {
  const rules: ConditionalRule[] = [];
  for (let line = 0; line < lines.count; line++) {
    if ((lines.flags(line) & MatcherFlag.CONDITIONAL) === 0) continue;
    const order = lines.order(line);
    const known = rules.at(-1);
    if (known?.order === order) known.last = line;
    else rules.push({ lines, order, first: line, last: line });
  }
  return rules;
}
