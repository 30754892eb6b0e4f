/**
 * Turns a rule into matchers: every combination of the alternatives that its fields list. A `not` becomes one part for each field
 * that it names, because not (A and B) is not A, or not B. The parts may overlap, since they belong to one rule.
 */

import { isDeepStrictEqual } from "node:util";

import type { RuleConfig } from "./rule.ts";
import type { LineRule, Lines } from "./classifier/line.ts";
import { ANY, type NameResolver } from "./fields/field.ts";
import { EXPANSIONS, type NotPath, notPaths } from "./fields/index.ts";
import { protocolOf } from "./fields/protocol.ts";
import { NOTHING } from "./spans.ts";

/**
 * Returns the field of `not` that each part leaves out. A rule without `not` is one part, and so is a rule whose `not` is about
 * another protocol.
 */
function partsOf(rule: RuleConfig): readonly (NotPath | undefined)[] {
  const { layer4, not } = rule;
  const [ours, theirs] = [protocolOf(layer4)?.[0]?.first, protocolOf(not?.layer4)?.[0]?.first];
  const leavesOutNothing = ours !== undefined && theirs !== undefined && ours !== theirs;
  return not === undefined || leavesOutNothing ? ANY : notPaths(not);
}

/** Adds the matchers of a rule, unless there are more than `most`. Returns their number. */
export function expand(rule: RuleConfig, resolver: NameResolver, lines: Lines, lineRule: LineRule, most: number): number {
  let total = 0;
  for (const left of partsOf(rule)) {
    const choices = EXPANSIONS.map((field) => field.alternatives(rule, resolver, left));
    const count = choices.reduce((product, { length }) => product * length, 1);
    total += count;
    for (let number = 0; number < count && total <= most; number++) {
      const line = lines.add();
      lines.setRule(line, lineRule);
      // The number of a combination is read digit by digit from the last field: each field is a digit of its own base.
      let rest = number;
      for (let index = EXPANSIONS.length - 1; index >= 0; index--) {
        const alternatives = choices[index]!;
        const chosen = alternatives[rest % alternatives.length];
        rest = Math.floor(rest / alternatives.length);
        if (chosen !== undefined) EXPANSIONS[index]!.write(lines, line, chosen);
      }
    }
  }
  return total;
}

/** Returns the lists that multiply the matchers of a rule, such as `100 layer3.source`, and the number of parts that `not` adds. */
export function factorsOf(rule: RuleConfig, resolver: NameResolver): string {
  const parts = partsOf(rule).map((left) => {
    const counts = EXPANSIONS.map(({ path, label = path, alternatives }) => ({ label, count: alternatives(rule, resolver, left).length }));
    return counts
      .filter(({ count }) => count > 1)
      .map(({ label, count }) => `${count} ${label}`)
      .join(" x ");
  });
  return parts.filter((part) => part !== "").join(" + ");
}

/** Returns whether `not` leaves nothing of the rule. */
export function leavesNothing(rule: RuleConfig, resolver: NameResolver): boolean {
  if (rule.not === undefined) return false;
  return partsOf(rule).every((left) =>
    EXPANSIONS.some((field) => field.alternatives(rule, resolver, left).every((alternative) => alternative === NOTHING)),
  );
}

/** Returns a field of `not` that names nothing the rule would match, so that it leaves nothing out. */
export function leftOutInVain(rule: RuleConfig, resolver: NameResolver): NotPath | undefined {
  if (rule.not === undefined) return undefined;
  const alternatives = (of: NotPath, left: NotPath | undefined): readonly unknown[] =>
    EXPANSIONS.find(({ path }) => path === (of === "layer3.destination" ? "layer3.source" : of))!.alternatives(rule, resolver, left);
  return notPaths(rule.not)
    .filter((path) => path !== "interfaces")
    .find((path) => isDeepStrictEqual(alternatives(path, path), alternatives(path, undefined)));
}
