/** What lists of a rule mean that stand for something beside it. */

import { printable } from "../values/quote.ts";
import type { RuleConfig } from "./rule.ts";
import type { Meanings } from "./fields/field.ts";
import type { InterfaceGroups } from "./groups.ts";
import type { SetReferences } from "./sets.ts";

/** Where it is kept what rules say of interfaces and sets. */
export interface Said {
  groups: InterfaceGroups;
  sets: SetReferences;
}

export function meaningsFor({ name }: RuleConfig, { groups, sets }: Said): Meanings {
  return {
    groupOf: (interfaces, except) => groups.bitOf(interfaces, except, printable(name)),
    setsOf: (addresses) => sets.bitsOf(addresses, name),
    portsOf: (ports) => sets.portsOf(ports, name),
  };
}
