/** Finds names of interfaces in the configuration that fit no device: a typing error, or a device that will appear later. */

import { someInterfaceMatches } from "../../values/interfaces.ts";
import { nearest } from "../../values/nearest.ts";
import { fits } from "../../values/pattern.ts";
import { quote } from "../../values/quote.ts";
import type { InterfacesConfig } from "../../../config/types.ts";
import type { RuleConfig } from "../../policy/rule.ts";
import type { AbsentInterface } from "../../observe/events/snapshot.ts";

const ALL = "*";
const LOOPBACK = "lo";

/** At most this many warnings are shown, because nobody reads more at once. */
const MOST_WARNINGS = 100;

/** Warns of each rule that matches nothing, or leaves out nothing, as long as none of its interfaces is present. */
export function warnOfAbsent(rules: readonly RuleConfig[], present: readonly string[]): string[] {
  const areAbsent = (interfaces: readonly string[]): boolean =>
    interfaces.length > 0 && !present.some((device) => someInterfaceMatches(interfaces, device));
  const warnings = rules.flatMap(({ name, interfaces = [], not }) => {
    const without = `no interface is called ${(areAbsent(interfaces) ? interfaces : (not?.interfaces ?? [])).map(quote).join(" or ")}`;
    if (areAbsent(interfaces)) return [`rule ${quote(name)} matches nothing for now: ${without}`];
    return areAbsent(not?.interfaces ?? []) ? [`the "not" of rule ${quote(name)} leaves out nothing for now: ${without}`] : [];
  });
  const rest = warnings.length - MOST_WARNINGS;
  return rest > 0 ? [...warnings.slice(0, MOST_WARNINGS), `${rest} more rules name only interfaces that do not exist`] : warnings;
}

/**
 * Returns the patterns of interfaces.include for which no device is watched. `watching` tells whether any device is watched at
 * all; if not, the names decide.
 */
export function absentIncludes({ include, exclude }: InterfacesConfig, present: readonly string[], watching?: boolean): AbsentInterface[] {
  const left = present.filter((device) => !someInterfaceMatches(exclude, device));
  const isAbsent = (pattern: string): boolean =>
    pattern === ALL ? !(watching ?? left.some((device) => device !== LOOPBACK)) : !left.some((device) => fits(pattern, device));
  return include.filter(isAbsent).map((pattern) => {
    const near = nearest(pattern, left);
    return {
      pattern,
      excluded: pattern !== ALL && present.some((device) => fits(pattern, device)),
      ...(near === undefined ? {} : { nearest: near }),
    };
  });
}

/** Explains one of them. The sentence ends with what happens next. */
export function explainAbsent({ pattern, excluded, nearest: near }: AbsentInterface, outlook: string): string {
  if (pattern === ALL) return `interfaces.include: "*" finds no device to watch; ${outlook}`;
  if (excluded) return `interfaces.include: interfaces.exclude leaves out every device that ${quote(pattern)} fits; change one of the two`;
  return `interfaces.include: no device is called ${quote(pattern)}; ${near === undefined ? "" : `did you mean ${near}? `}${outlook}`;
}

/** Warns of each entry of interfaces.overrides that fits no device. */
export function warnOfAbsentOverrides({ overrides }: InterfacesConfig, present: readonly string[]): string[] {
  return overrides.flatMap(({ name }) => {
    if (present.some((device) => fits(name, device))) return [];
    const near = nearest(name, present);
    return [`interfaces.overrides: no device is called ${quote(name)}${near === undefined ? "" : `; did you mean ${near}?`}`];
  });
}

/** Warns for `weir check`, which may run on another machine than the agent will. */
export function warnOfAbsentHere(
  { interfaces, rules }: { interfaces: InterfacesConfig; rules: readonly RuleConfig[] },
  present: readonly string[],
): string[] {
  const includes = absentIncludes(interfaces, present).map((absent) => explainAbsent(absent, "weir would watch it once it appears"));
  return [...includes, ...warnOfAbsentOverrides(interfaces, present), ...warnOfAbsent(rules, present)].map(
    (sentence) => `on this machine: ${sentence}`,
  );
}
