/** Rules that name interfaces which are not there: a typing error, or a device that is still to come. */

import { someInterfaceMatches } from "../../config/interfaces.ts";
import { quote } from "../../config/quote.ts";
import type { RuleConfig } from "../../config/types.ts";

/** A sentence for each rule that matches nothing as long as none of its interfaces is present. */
export function warnOfAbsent(rules: readonly RuleConfig[], present: readonly string[]): string[] {
  return rules.flatMap(({ name, interfaces }) => {
    if (interfaces === undefined || present.some((device) => someInterfaceMatches(interfaces, device))) return [];
    return [`rule ${quote(name)} matches nothing for now: no interface is called ${interfaces.map(quote).join(" or ")}`];
  });
}
