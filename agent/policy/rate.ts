/** Rates as the operator writes them: `20/s`, `1000/10s`, `5/1h`. */

import type { Misreading } from "../values/address.ts";
import { parseDuration, unitOf } from "../values/duration.ts";
import { quote } from "../values/quote.ts";
import type { Layer4Config, MeterBy } from "./rule.ts";

const MOST = 10_000_000;
const LONGEST_DAYS = 1;

export interface Rate {
  count: number;
  /** In so many seconds. */
  seconds: number;
}

export type RateReading = { rate: Rate } | Misreading;

export function readRate(text: string): RateReading {
  const [, count, time = ""] = /^([0-9]{1,9})\/([0-9a-z]+)$/.exec(text) ?? [];
  const seconds = parseDuration(/^[0-9]/.test(time) ? time : `1${time}`);
  if (seconds === undefined) {
    const suggestion = meantRate(text);
    return { error: `${quote(text)} is not a rate, as 20/s, 1000/10s or 5/1h`, ...(suggestion === undefined ? {} : { suggestion }) };
  }
  const rate = { count: Number(count), seconds };
  if (rate.count < 1 || rate.count > MOST) return { error: `the rate ${text} is of less than 1 or more than ${MOST}` };
  if (rate.seconds < 1 || rate.seconds > LONGEST_DAYS * 86_400) return { error: `the time of the rate ${text} is outside 1s to ${LONGEST_DAYS}d` };
  return { rate };
}

/** `20/min` and `20 per minute` are 20/m. */
function meantRate(text: string): string | undefined {
  const [, count, several = "", word = ""] = /^([0-9]{1,9}) ?(?:\/|per) ?(?:([0-9]{1,5}) ?)?([A-Za-z]+)$/.exec(text.trim()) ?? [];
  const unit = unitOf(word);
  return count === undefined || unit === undefined ? undefined : `${count}/${several}${unit}`;
}

export interface OverRate extends Rate {
  burst: number;
  by: MeterBy;
  per: "packet" | "connection";
}

/** What an already validated value stands for. Throws a SyntaxError on other text. */
export function parseOverRate(value: NonNullable<Layer4Config["over_rate"]>): OverRate {
  const { rate: text, burst, by, per } = typeof value === "string" ? { rate: value, burst: undefined, by: "source" as const, per: "packet" as const } : value;
  const reading = readRate(text);
  if ("error" in reading) throw new SyntaxError(reading.error);
  return { ...reading.rate, burst: burst ?? reading.rate.count, by, per };
}
