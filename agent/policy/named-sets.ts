/** Named sets: how rules refer to them, and what they hold. */

import { Limit } from "../generated/layout.ts";
import type { Misreading } from "../values/address.ts";
import { quote } from "../values/quote.ts";
import type { SetConfig } from "./rule.ts";

/** Of addresses: as many as a matcher in the kernel has bits for. */
export const MOST_ADDRESS_SETS = Limit.SETS;
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
