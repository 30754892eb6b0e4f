/**
 * Counts how many conditional rules one packet can meet before a rule decides. A flow carries the conditional rules that stand
 * before its first unconditional match, and has room for a few. A rule set that could need more is refused.
 *
 * Matchers that meet in pairs meet in one point (they are boxes), so the search may go from pair to pair. It errs towards
 * refusing: if several rules together, but none of them alone, hide a chain, the chain still counts.
 */

import { Limit, MatcherFlag } from "../generated/layout.ts";
import { narrow } from "./classifier/cover.ts";
import { type LineArrays, Lines } from "./classifier/line.ts";

/** The search gives up after this many steps, and reports that. It must not hang on rules that somebody else wrote. */
const MOST_STEPS = 200_000;

export interface LongChain {
  /** The orders of the rules in the chain. */
  orders: number[];
  /** True if it is known that one packet can meet all of them. */
  exact: boolean;
}

/**
 * Finds a chain that begins in the lines `first`; the lines `behind` come after all of these. `isSilenced` tells whether rules
 * before a line leave it nothing to decide.
 */
export function findLongChain(
  first: Lines,
  behind: Lines | undefined,
  isSilenced: (lines: Lines, line: number) => boolean,
): LongChain | undefined {
  const firsts = conditionalRules(first);
  const conditional = behind === undefined ? firsts : [...firsts, ...conditionalRules(behind)];
  if (conditional.length <= Limit.CONDITIONS) return undefined;
  // The point where the rules of a chain meet, by the length of the chain.
  const points = new Lines(Limit.CONDITIONS + 2, Limit.CONDITIONS + 2);
  let steps = 0;

  /** Extends a chain by rules from `from` on. All rules of the chain meet in its point. */
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

/** Returns the lines that are needed to find chains which end among them. */
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
