/** Resolves the names in a rule's lists that stand for something outside of the rule. */

import { printable } from "../values/quote.ts";
import type { RuleConfig } from "./rule.ts";
import type { NameResolver } from "./fields/field.ts";
import type { InterfaceGroups } from "./groups.ts";
import type { SetReferences } from "./sets.ts";

/** Collects the interfaces and sets that rules name. */
export interface NameTables {
  groups: InterfaceGroups;
  sets: SetReferences;
}

export function resolverFor({ name }: RuleConfig, { groups, sets }: NameTables): NameResolver {
  return {
    groupOf: (interfaces, except) => groups.bitOf(interfaces, except, printable(name)),
    setsOf: (addresses) => sets.bitsOf(addresses, name),
    portsOf: (ports) => sets.portsOf(ports, name),
  };
}
