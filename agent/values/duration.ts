/** Whiles as the operator writes them: a whole number with a unit. */

import { quote } from "./quote.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const LONGEST_DAYS = 3650;

/** Seconds of `90s`, `15m`, `2h`, `7d`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, number, unit] = /^([0-9]{1,9})([smhd])$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * UNITS[unit!]!;
}

/** What is wrong with it; undefined if nothing is. */
export function explainDuration(text: string): string | undefined {
  const seconds = parseDuration(text);
  if (seconds === undefined) return `${quote(text)} is not a while, as 90s, 15m, 2h or 7d`;
  return seconds < 1 || seconds > LONGEST_DAYS * 86_400 ? `the while ${text} is outside 1s to ${LONGEST_DAYS}d` : undefined;
}

/** An already validated while, in seconds. Throws a SyntaxError on other text. */
export function secondsOf(text: string): number {
  const error = explainDuration(text);
  if (error !== undefined) throw new SyntaxError(error);
  return parseDuration(text)!;
}
