/** Named sets: how rules refer to them, and what the schema cannot say of them. */

import type { Misreading } from "../agent/values/address.ts";
import type { Findings } from "./findings.ts";
import { nearest } from "../agent/values/nearest.ts";
import { quote } from "../agent/values/quote.ts";
import type { SetConfig } from "./types.ts";

/** Of addresses: as many as a matcher in the kernel has bits for. */
export const MOST_ADDRESS_SETS = 64;
const LONGEST_NAME = 64;

export type Sets = Readonly<Record<string, SetConfig>>;

/** The name in `@NAME`; undefined where an entry of a list is no such reference. */
export function setNamed(entry: unknown): string | undefined {
  return typeof entry === "string" && entry.startsWith("@") ? entry.slice(1) : undefined;
}

/** Why text is no name of a set; undefined where it is one. */
export function explainSetName(name: string): Misreading | undefined {
  if (name === "") return { error: "the name of the set is empty" };
  if (name.length > LONGEST_NAME) return { error: `the name of the set is longer than ${LONGEST_NAME} characters` };
  if (/^[A-Za-z][A-Za-z0-9_.-]*$/.test(name)) return undefined;
  return { error: `${quote(name)} is not the name of a set: letters, digits and . _ -, a letter first` };
}

/** One that says nothing gets its addresses by command. */
export function holdsAddresses({ addresses, ports, file }: SetConfig): boolean {
  return addresses !== undefined || file !== undefined || ports === undefined;
}

export function checkSets(sets: Sets, errors: Findings): void {
  const ofAddresses = Object.entries(sets).filter(([, set]) => holdsAddresses(set));
  const [beyond] = ofAddresses[MOST_ADDRESS_SETS] ?? [];
  for (const [name, set] of Object.entries(sets)) {
    if (set.ttl !== undefined && !holdsAddresses(set)) errors.add(["sets", name, "ttl"], "ttl is for addresses, and this set holds only ports", { ofKey: true });
  }
  if (beyond !== undefined) errors.add(["sets", beyond], `there are ${ofAddresses.length} sets of addresses, and at most ${MOST_ADDRESS_SETS} fit; join some`, { ofKey: true });
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
