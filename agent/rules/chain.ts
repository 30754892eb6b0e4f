/**
 * How many conditional rules one packet can meet before a rule decides. A flow carries the conditional rules that
 * stand before its first unconditional match, and has room for a few: rule sets that could need more are refused.
 *
 * Matchers that meet in pairs meet in one point (they are boxes), so that the search may go from pair to pair. It errs
 * towards refusing: where several rules together, but none alone, cover a chain, the chain counts.
 */

import { Limit, MatcherFlag } from "../generated/layout.ts";
import type { Classifier } from "./classifier/build.ts";
import { narrow } from "./classifier/cover.ts";
import { Lines } from "./classifier/line.ts";

/** The search gives up after so many steps, and says so: it must not hang on what somebody else wrote. */
const MOST_STEPS = 200_000;

export interface LongChain {
  /** Orders of its rules. */
  orders: number[];
  /** Whether it is known that a packet can meet them all. */
  exact: boolean;
}

export function findLongChain(lines: Lines, classifier: Classifier): LongChain | undefined {
  const conditional = conditionalRules(lines);
  if (conditional.length <= Limit.CONDITIONS) return undefined;
  // Where the rules of a chain meet, by the length of the chain.
  const points = new Lines(Limit.CONDITIONS + 2, Limit.CONDITIONS + 2);
  let steps = 0;

  /** Extends a chain, all of whose rules meet in its point, by rules from `from` on. */
  const extend = (orders: number[], from: number): number[] | undefined => {
    if (orders.length > Limit.CONDITIONS) return orders;
    for (let index = from; index < conditional.length; index++) {
      if (orders.length + conditional.length - index <= Limit.CONDITIONS) return undefined;
      const { order, first, last } = conditional[index]!;
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
        if (classifier.decidedBefore(points, point) !== undefined) continue;
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
  order: number;
  first: number;
  last: number;
}

function conditionalRules(lines: Lines): ConditionalRule[] {
  const rules: ConditionalRule[] = [];
  for (let line = 0; line < lines.count; line++) {
    if ((lines.flags(line) & MatcherFlag.CONDITIONAL) === 0) continue;
    const order = lines.order(line);
    const known = rules.at(-1);
    if (known?.order === order) known.last = line;
    else rules.push({ order, first: line, last: line });
  }
  return rules;
}
