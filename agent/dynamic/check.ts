/** A rule that came by command is held to what a rule of the file is. */

import { type Finding, Findings, formatPath } from "../../config/findings.ts";
import { printable, quote } from "../../config/quote.ts";
import { checkRules } from "../../config/rules.ts";
import type { Sets } from "../../config/sets.ts";
import type { RuleConfig, WeirConfig } from "../../config/types.ts";
import { RulesRefused } from "../rules/compile.ts";
import type { Settings } from "../settings.ts";
import type { DynamicRule } from "./store.ts";

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

/** What is in force: the dynamic rules, then those of the file. Throws RulesRefused where two have one name. */
export function withDynamic(settings: Settings, dynamic: readonly DynamicRule[]): Settings {
  if (dynamic.length === 0) return settings;
  const own = settings.config.rules;
  refuseTwins(own, settings.sourceOf, dynamic);
  const config: WeirConfig = { ...settings.config, rules: [...dynamic.map(({ rule }) => rule), ...own] };
  const count = dynamic.length;
  return { ...settings, config, sourceOf: (index) => (index < count ? sourceOf(dynamic[index]!) : settings.sourceOf(index - count)) };
}

export function sourceOf({ id }: DynamicRule): string {
  return `dynamic:${id}`;
}

function refuseTwins(own: readonly RuleConfig[], whereIs: (index: number) => string, dynamic: readonly DynamicRule[]): void {
  const byName = new Map<string, DynamicRule>();
  const problems: string[] = [];
  for (const one of dynamic) {
    const twin = byName.get(one.rule.name);
    if (twin !== undefined) problems.push(`name: ${quote(one.rule.name)} is already that of the dynamic rule ${twin.id}; names are unique`);
    byName.set(one.rule.name, one);
  }
  for (const [index, { name }] of own.entries()) {
    const twin = byName.get(name);
    if (twin !== undefined) problems.push(`name: ${quote(name)} is that of the dynamic rule ${twin.id} and of the rule at ${whereIs(index)}; names are unique`);
  }
  if (problems.length > 0) throw new RulesRefused(problems);
}
