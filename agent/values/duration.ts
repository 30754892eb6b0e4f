/** Durations as the operator writes them: a whole number with a unit. */

import type { Misreading } from "./address.ts";
import { quote } from "./quote.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const LONGEST_DAYS = 3650;
/** Units as others write them. */
const SPELT: Readonly<Record<string, RegExp>> = { s: /^s(ecs?|econds?)?$/, m: /^m(ins?|inutes?)?$/, h: /^h(rs?|ours?)?$/, d: /^d(ays?)?$/ };

/** Seconds of `90s`, `15m`, `2h`, `7d`; undefined for anything else. */
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

/** `10 minutes` is 10m. */
export function meantDuration(text: string): string | undefined {
  const [, number, word = ""] = /^([0-9]{1,9}) ?([A-Za-z]+)$/.exec(text.trim()) ?? [];
  const unit = unitOf(word);
  return number === undefined || unit === undefined ? undefined : number + unit;
}

/** The letter of a unit that is written as others do. */
export function unitOf(word: string): string | undefined {
  return Object.keys(SPELT).find((unit) => SPELT[unit]!.test(word.toLowerCase()));
}

/** An already validated duration, in seconds. Throws a SyntaxError on other text. */
export function secondsOf(text: string): number {
  const reading = readDuration(text);
  if ("error" in reading) throw new SyntaxError(reading.error);
  return reading.seconds;
}
