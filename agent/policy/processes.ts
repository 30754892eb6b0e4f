/** What a rule says of the process on this host that a connection belongs to. */

import type { Misreading } from "../values/address.ts";
import { isPrintable, quote } from "../values/quote.ts";

/** In the order in which they are told. */
export const PROCESS_KEYS = ["executable", "command", "user", "parent", "container", "unit", "pod", "namespace"] as const;
export type ProcessKey = (typeof PROCESS_KEYS)[number];

/** Each one text, or several of which one must fit; `*` stands for any run of characters. */
export type ProcessConfig = { [Key in ProcessKey]?: ProcessText | ProcessText[] };
/** A number is a user's. */
export type ProcessText = string | number;

/** In bytes: the kernel compares no longer ones. */
const LONGEST_PATTERN = 240;

/** Empty where it says nothing of this. */
export function textsOf(process: ProcessConfig | undefined, key: ProcessKey): string[] {
  const said = process?.[key] ?? [];
  return (Array.isArray(said) ? said : [said]).map(String);
}

/** What is wrong with a pattern, or undefined. */
export function explainPattern(value: string): Misreading | undefined {
  if (value === "") return { error: "the text is empty; `*` stands for any" };
  if (!isPrintable(value)) return { error: `the text ${quote(value)} has characters that cannot be shown` };
  if (Buffer.byteLength(value) > LONGEST_PATTERN) return { error: `the text is longer than ${LONGEST_PATTERN} bytes` };
  return undefined;
}

/** The same of an executable, which is its path. */
export function explainExecutable(value: string): Misreading | undefined {
  const wrong = explainPattern(value);
  if (wrong !== undefined || value.startsWith("/") || value.startsWith("*")) return wrong;
  return { error: `${quote(value)} is not the whole path of an executable`, suggestion: JSON.stringify(`*/${value}`) };
}
