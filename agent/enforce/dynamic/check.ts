/** Checks a rule that came by command as strictly as a rule of the file. */

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

/** Each problem is a sentence behind the path of its key, such as `layer4.protocol: ...`. */
export interface Checked {
  problems: string[];
  warnings: string[];
}

/** Checks a rule and fills in its defaults. `sets` are the sets that it may name; if they are not known, compiling checks the names. */
export function checkRule(rule: unknown, sets?: Sets): Checked {
  const [errors, warnings] = [new Findings(), new Findings()];
  checkRules([rule], sets, errors, warnings);
  return { problems: errors.kept.map(sentence), warnings: warnings.kept.map(sentence) };
}

function sentence({ path: [, , ...path], message, suggestion }: Finding): string {
  const place = path.length === 0 ? "" : `${printable(formatPath(path), 200)}: `;
  return `${place}${message}${suggestion === undefined ? "" : `; did you mean ${printable(suggestion)}?`}`;
}

/** Rules as they were written, and the place of each. Those of the front come first, with places such as `dynamic:d1`. */
export interface WrittenRules {
  source: RulesSource;
  sourceOf(index: number): string;
}

/** Returns the rules that are in force: the dynamic ones, then those of the file. */
export function withDynamic({ config, sourceOf: placeOf }: Settings, dynamic: readonly DynamicRule[], clock: Clock): WrittenRules {
  return {
    source: { ...config, front: dynamic.map((one) => untilItEnds(one, clock)) },
    sourceOf: (index) => (index < dynamic.length ? sourceOf(dynamic[index]!) : placeOf(index - dynamic.length)),
  };
}

/** Returns the rule with its end, so that the kernel ends it even if no agent runs. */
function untilItEnds({ rule, expires }: DynamicRule, clock: Clock): RuleConfig {
  if (expires === undefined) return rule;
  const own = rule.expires === undefined ? Infinity : parseMoment(rule.expires)!;
  return { ...rule, expires: new Date(Math.min(own, shownAgain(expires, clock).wall)).toISOString() };
}

export function sourceOf({ id }: DynamicRule): string {
  return `dynamic:${id}`;
}

/** Throws RulesRefused if two rules have one name. */
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
