/**
 * How many conditional rules one packet can meet before a rule decides. A flow carries the conditional rules that
 * stand before its first unconditional match, and has room for a few: rule sets that could need more are refused.
 *
 * Matchers that meet in pairs meet in one point (they are boxes), so that the search may go from pair to pair. It errs
 * towards refusing: where several rules together, but none alone, cover a chain, the chain counts.
 */

import { Limit } from "../generated/layout.ts";
import { covers, meet, type Matcher } from "./matcher.ts";

/** The matchers of one rule, in the order of the rules. */
export interface ChainRule {
  name: string;
  conditional: boolean;
  /** Ends the search where it matches. */
  decisive: boolean;
  matchers: Matcher[];
}

/** The search gives up after so many steps, and says so: it must not hang on what somebody else wrote. */
const MOST_STEPS = 200_000;

export function findLongChain(rules: readonly ChainRule[]): { names: string[]; exact: boolean } | undefined {
  const conditional = rules.map((rule, order) => ({ ...rule, order })).filter((rule) => rule.conditional);
  if (conditional.length <= Limit.CONDITIONS) return undefined;
  const deciders = rules.map((rule, order) => ({ ...rule, order })).filter((rule) => rule.decisive && !rule.conditional);
  let steps = 0;

  /** Extends a chain, all of whose rules meet in `point`, by rules from `from` on. */
  const extend = (names: string[], point: Matcher | undefined, from: number): string[] | undefined => {
    if (names.length > Limit.CONDITIONS) return names;
    for (let index = from; index < conditional.length; index++) {
      if (names.length + conditional.length - index <= Limit.CONDITIONS) return undefined;
      const { name, matchers, order } = conditional[index] as (typeof conditional)[number];
      for (const matcher of matchers) {
        if (++steps > MOST_STEPS) return names;
        const next = point === undefined ? matcher : meet(point, matcher);
        if (next === undefined) continue;
        if (deciders.some((rule) => rule.order < order && rule.matchers.some((decider) => covers(decider, next)))) continue;
        const found = extend([...names, name], next, index + 1);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };

  const names = extend([], undefined, 0);
  if (names === undefined) return undefined;
  return steps > MOST_STEPS ? { names: conditional.map(({ name }) => name), exact: false } : { names, exact: true };
}
