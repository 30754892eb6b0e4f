/**
 * A rule as matchers: every combination of the alternatives its fields list. What its `not` leaves over is a part for
 * each field that `not` names: not (A and B) is not A, or not B. The parts may overlap, for they are of one rule.
 */

import { isDeepStrictEqual } from "node:util";

import type { RuleConfig } from "./rule.ts";
import type { LineRule, Lines } from "./classifier/line.ts";
import { ANY, type Meanings } from "./fields/field.ts";
import { EXPANSIONS, type NotPath, notPaths } from "./fields/index.ts";
import { protocolOf } from "./fields/protocol.ts";
import { NOTHING } from "./spans.ts";

/** The field of `not` that each part leaves out; a rule without `not` is one part, and so is one whose `not` is about another protocol. */
function partsOf(rule: RuleConfig): readonly (NotPath | undefined)[] {
  const { layer4, not } = rule;
  const [ours, theirs] = [protocolOf(layer4)?.[0]?.first, protocolOf(not?.layer4)?.[0]?.first];
  const leavesOutNothing = ours !== undefined && theirs !== undefined && ours !== theirs;
  return not === undefined || leavesOutNothing ? ANY : notPaths(not);
}

/** Adds the matchers of a rule, unless there are more than `most`. Answers how many they are. */
export function expand(rule: RuleConfig, meanings: Meanings, lines: Lines, meaning: LineRule, most: number): number {
  let total = 0;
  for (const left of partsOf(rule)) {
    const choices = EXPANSIONS.map((field) => field.alternatives(rule, meanings, left));
    const count = choices.reduce((product, { length }) => product * length, 1);
    total += count;
    for (let number = 0; number < count && total <= most; number++) {
      const line = lines.add();
      lines.setRule(line, meaning);
      // The number of a combination, read digit by digit from the last field: each field is a digit of its own base.
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

/** What multiplies the matchers of a rule, as `100 layer3.source`, and what `not` adds to them. */
export function factorsOf(rule: RuleConfig, meanings: Meanings): string {
  const parts = partsOf(rule).map((left) => {
    const counts = EXPANSIONS.map(({ path, label = path, alternatives }) => ({ label, count: alternatives(rule, meanings, left).length }));
    return counts
      .filter(({ count }) => count > 1)
      .map(({ label, count }) => `${count} ${label}`)
      .join(" x ");
  });
  return parts.filter((part) => part !== "").join(" + ");
}

/** Whether its `not` leaves nothing of the rule. */
export function leavesNothing(rule: RuleConfig, meanings: Meanings): boolean {
  if (rule.not === undefined) return false;
  return partsOf(rule).every((left) =>
    EXPANSIONS.some((field) => field.alternatives(rule, meanings, left).every((alternative) => alternative === NOTHING)),
  );
}

/** A field of `not` that names nothing the rule would match, so that nothing is left out. */
export function leftOutInVain(rule: RuleConfig, meanings: Meanings): NotPath | undefined {
  if (rule.not === undefined) return undefined;
  const alternatives = (of: NotPath, left: NotPath | undefined): readonly unknown[] =>
    EXPANSIONS.find(({ path }) => path === (of === "layer3.destination" ? "layer3.source" : of))!.alternatives(rule, meanings, left);
  return notPaths(rule.not)
    .filter((path) => path !== "interfaces")
    .find((path) => isDeepStrictEqual(alternatives(path, path), alternatives(path, undefined)));
}
