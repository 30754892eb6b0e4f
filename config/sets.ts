/** Checks of named sets, and of references to them, that the schema cannot express. */

import { explainSetName, holdsAddresses, MOST_ADDRESS_SETS, type Sets } from "../agent/policy/named-sets.ts";
import type { SetConfig } from "../agent/policy/rule.ts";
import type { Misreading } from "../agent/values/address.ts";
import { nearest } from "../agent/values/nearest.ts";
import { quote } from "../agent/values/quote.ts";
import type { Findings } from "./findings.ts";

export function checkSets(sets: Sets, errors: Findings): void {
  const ofAddresses = Object.entries(sets).filter(([, set]) => holdsAddresses(set));
  const [beyond] = ofAddresses[MOST_ADDRESS_SETS] ?? [];
  for (const [name, set] of Object.entries(sets)) {
    if (set.ttl !== undefined && !holdsAddresses(set))
      errors.add(["sets", name, "ttl"], "ttl is for addresses, and this set holds only ports", { ofKey: true });
  }
  if (beyond !== undefined)
    errors.add(["sets", beyond], `there are ${ofAddresses.length} sets of addresses, and at most ${MOST_ADDRESS_SETS} fit; join some`, {
      ofKey: true,
    });
}

/** Why a reference means nothing here; undefined where it does. `sets`: as written, maybe wrong in itself. */
export function explainReference(name: string, what: "addresses" | "ports", sets: Record<string, unknown>): Misreading | undefined {
  if (explainSetName(name) !== undefined) return undefined; // told of as text
  if (!Object.hasOwn(sets, name)) {
    const meant = nearest(name, Object.keys(sets));
    return { error: `there is no set ${quote(name)} in "sets"`, ...(meant === undefined ? {} : { suggestion: `@${meant}` }) };
  }
  const set = sets[name];
  if (typeof set !== "object" || set === null) return undefined; // told of at the set
  const { ports } = set as SetConfig;
  const fits = what === "ports" ? ports !== undefined : holdsAddresses(set as SetConfig);
  return fits ? undefined : { error: `the set ${quote(name)} holds ${what === "ports" ? "no ports" : "ports and no addresses"}` };
}
