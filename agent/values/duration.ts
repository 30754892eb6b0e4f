/** Durations as the operator writes them: a whole number with a unit. */

import type { Misreading } from "./address.ts";
import { quote } from "./quote.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const LONGEST_DAYS = 3650;
/** Spellings of the units that other programs use. */
const SPELT: Readonly<Record<string, RegExp>> = { s: /^s(ecs?|econds?)?$/, m: /^m(ins?|inutes?)?$/, h: /^h(rs?|ours?)?$/, d: /^d(ays?)?$/ };

/** Returns the seconds of `90s`, `15m`, `2h`, `7d`; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  const [, number, unit] = /^([0-9]{1,9})([smhd])$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * UNITS[unit!]!;
}

export function readDuration(text: string): { seconds: number } | Misreading {
  const seconds = parseDuration(text);
  if (seconds === undefined) {
    const suggestion = meantDuration(text);
    return { error: `${quote(text)} is not a duration, as 90s, 15m, 2h or 7d`, ...(suggestion === undefined ? {} : { suggestion }) };
  }
  return seconds < 1 || seconds > LONGEST_DAYS * 86_400 ? { error: `the duration ${text} is outside 1s to ${LONGEST_DAYS}d` } : { seconds };
}

/** Returns the duration that a text such as `10 minutes` may mean: `10m`. */
export function meantDuration(text: string): string | undefined {
  const [, number, word = ""] = /^([0-9]{1,9}) ?([A-Za-z]+)$/.exec(text.trim()) ?? [];
  const unit = unitOf(word);
  return number === undefined || unit === undefined ? undefined : number + unit;
}

/** Returns the letter of a unit that is spelt as in other programs. */
export function unitOf(word: string): string | undefined {
  return Object.keys(SPELT).find((unit) => SPELT[unit]!.test(word.toLowerCase()));
}

/** Returns the seconds of a duration that was validated before. Throws a SyntaxError on any other text. */
export function secondsOf(text: string): number {
  const reading = readDuration(text);
  if ("error" in reading) throw new SyntaxError(reading.error);
  return reading.seconds;
}
