/** A rule that came by command is held to what a rule of the file is. */

import { type Finding, Findings, formatPath } from "../../../config/findings.ts";
import { printable, quote } from "../../values/quote.ts";
import { checkRules } from "../../../config/rules.ts";
import type { Sets } from "../../policy/named-sets.ts";
import { parseMoment } from "../../values/time.ts";
import type { RuleConfig } from "../../policy/rule.ts";
import { RulesRefused } from "../../policy/compile.ts";
import type { RulesSource } from "../../policy/compiled.ts";
import type { Settings } from "../../../config/settings.ts";
import { type Clock, shownAgain } from "./clock.ts";
import type { DynamicRule } from "./rule.ts";

/** Sentences, each behind the path of the key it is about, as `layer4.protocol: ...`. */
export interface Checked {
  problems: string[];
  warnings: string[];
}

/** Fills in the defaults of the rule, too. `sets`: those it may name; left to compiling where they are not known. */
export function checkRule(rule: unknown, sets?: Sets): Checked {
  const [errors, warnings] = [new Findings(), new Findings()];
  checkRules([rule], sets, errors, warnings);
  return { problems: errors.kept.map(sentence), warnings: warnings.kept.map(sentence) };
}

function sentence({ path: [, , ...path], message, suggestion }: Finding): string {
  const place = path.length === 0 ? "" : `${printable(formatPath(path), 200)}: `;
  return `${place}${message}${suggestion === undefined ? "" : `; did you mean ${printable(suggestion)}?`}`;
}

/** Rules as they were written, and where: those of the front first, as `dynamic:d1`. */
export interface Written {
  source: RulesSource;
  sourceOf(index: number): string;
}

/** What is in force: the dynamic rules, then those of the file. */
export function withDynamic({ config, sourceOf: placeOf }: Settings, dynamic: readonly DynamicRule[], clock: Clock): Written {
  return {
    source: { ...config, front: dynamic.map((one) => untilItEnds(one, clock)) },
    sourceOf: (index) => (index < dynamic.length ? sourceOf(dynamic[index]!) : placeOf(index - dynamic.length)),
  };
}

/** The rule with its end, so that the kernel ends it also where no agent does. */
function untilItEnds({ rule, expires }: DynamicRule, clock: Clock): RuleConfig {
  if (expires === undefined) return rule;
  const own = rule.expires === undefined ? Infinity : parseMoment(rule.expires)!;
  return { ...rule, expires: new Date(Math.min(own, shownAgain(expires, clock).wall)).toISOString() };
}

export function sourceOf({ id }: DynamicRule): string {
  return `dynamic:${id}`;
}

/** Throws RulesRefused where two rules have one name. */
export function refuseTwins({ config, sourceOf: whereIs }: Settings, dynamic: readonly DynamicRule[]): void {
  if (dynamic.length === 0) return;
  const byName = new Map<string, DynamicRule>();
  const problems: string[] = [];
  for (const one of dynamic) {
    const twin = byName.get(one.rule.name);
    if (twin !== undefined) problems.push(`name: ${quote(one.rule.name)} is already that of the dynamic rule ${twin.id}; names are unique`);
    byName.set(one.rule.name, one);
  }
  for (const [index, { name }] of config.rules.entries()) {
    const twin = byName.get(name);
    if (twin !== undefined)
      problems.push(`name: ${quote(name)} is that of the dynamic rule ${twin.id} and of the rule at ${whereIs(index)}; names are unique`);
  }
  if (problems.length > 0) throw new RulesRefused(problems);
}
