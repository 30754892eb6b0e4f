/** Rules that no packet reaches, because an earlier one decides everything they would match. */

import type { ChainRule } from "./chain.ts";
import { covers } from "./matcher.ts";

/** Comparisons; rule sets beyond it are loaded without this courtesy. */
const MOST_STEPS = 2_000_000;

export function findShadowed(rules: readonly ChainRule[]): { name: string; by: string }[] {
  const shadowed: { name: string; by: string }[] = [];
  let steps = 0;
  for (const rule of rules) {
    if (rule.matchers.length === 0) continue;
    for (const earlier of rules) {
      if (earlier === rule) break;
      if (!earlier.decisive || earlier.conditional) continue;
      steps += earlier.matchers.length * rule.matchers.length;
      if (steps > MOST_STEPS) return shadowed;
      if (rule.matchers.every((inner) => earlier.matchers.some((outer) => covers(outer, inner)))) {
        shadowed.push({ name: rule.name, by: earlier.name });
        break;
      }
    }
  }
  return shadowed;
}
