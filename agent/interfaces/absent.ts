/** Rules that name interfaces which are not there: a typing error, or a device that is still to come. */

import { someInterfaceMatches } from "../../config/interfaces.ts";
import { quote } from "../../config/quote.ts";
import type { RuleConfig } from "../../config/types.ts";

/** Nobody reads more at once. */
const MOST_WARNINGS = 100;

/** A sentence for each rule that matches nothing, or leaves out nothing, as long as none of its interfaces is present. */
export function warnOfAbsent(rules: readonly RuleConfig[], present: readonly string[]): string[] {
  const areAbsent = (interfaces: readonly string[]): boolean => interfaces.length > 0 && !present.some((device) => someInterfaceMatches(interfaces, device));
  const warnings = rules.flatMap(({ name, interfaces = [], not }) => {
    const without = `no interface is called ${(areAbsent(interfaces) ? interfaces : (not?.interfaces ?? [])).map(quote).join(" or ")}`;
    if (areAbsent(interfaces)) return [`rule ${quote(name)} matches nothing for now: ${without}`];
    return areAbsent(not?.interfaces ?? []) ? [`the "not" of rule ${quote(name)} leaves out nothing for now: ${without}`] : [];
  });
  const rest = warnings.length - MOST_WARNINGS;
  return rest > 0 ? [...warnings.slice(0, MOST_WARNINGS), `${rest} more rules name only interfaces that are not there`] : warnings;
}
