/** Named sets: how rules refer to them, and what they contain. */

import { Limit } from "../generated/layout.ts";
import type { Misreading } from "../values/address.ts";
import { nearest } from "../values/nearest.ts";
import { quote } from "../values/quote.ts";
import type { SetConfig } from "./rule.ts";

/** The most sets of addresses: a matcher in the kernel has one bit for each. */
export const MOST_ADDRESS_SETS = Limit.SETS;
const LONGEST_NAME = 64;

export type Sets = Readonly<Record<string, SetConfig>>;

/** Returns the name in `@NAME`; undefined if the entry is not such a reference. */
export function setNamed(entry: unknown): string | undefined {
  return typeof entry === "string" && entry.startsWith("@") ? entry.slice(1) : undefined;
}

/** Adds to a misreading that a set may be meant, whose name lacks the `@` in front. */
export function orSet(wrong: Misreading | undefined, text: string, sets: readonly string[] = []): Misreading | undefined {
  const meant = explainSetName(text) === undefined ? nearest(text, sets) : undefined;
  return wrong === undefined || meant === undefined ? wrong : { ...wrong, suggestion: JSON.stringify(`@${meant}`) };
}

/** Explains why a text is not a name of a set; undefined if it is one. */
export function explainSetName(name: string): Misreading | undefined {
  if (name === "") return { error: "the name of the set is empty" };
  if (name.length > LONGEST_NAME) return { error: `the name of the set is longer than ${LONGEST_NAME} characters` };
  if (/^[A-Za-z][A-Za-z0-9_.-]*$/.test(name)) return undefined;
  return { error: `${quote(name)} is not the name of a set: letters, digits and . _ -, a letter first` };
}

/** Returns whether a set holds addresses. A set without any key gets its addresses by command. */
export function holdsAddresses({ addresses, ports, file }: SetConfig): boolean {
  return addresses !== undefined || file !== undefined || ports === undefined;
}
