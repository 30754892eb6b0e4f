/** Interface names, and the patterns that select among them, in which `*` stands for any characters. */

import { fits } from "./pattern.ts";

/** The kernel's IFNAMSIZ less the closing NUL. */
const LONGEST_NAME = 15;

/** Explains what is wrong with a pattern; undefined if it is right. */
export function explainInterface(pattern: string): string | undefined {
  if (pattern === "") return "an interface name is empty";
  if (Buffer.byteLength(pattern) > LONGEST_NAME) return `an interface name has at most ${LONGEST_NAME} bytes`;
  if (pattern === "." || pattern === "..") return `"${pattern}" is not an interface name`;
  if (/[\s/:]/u.test(pattern)) return "an interface name has no spaces, slashes or colons";
  return undefined;
}

export function someInterfaceMatches(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => fits(pattern, name));
}
