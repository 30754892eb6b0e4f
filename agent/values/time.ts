/** Times as the operator writes them: a moment, and a time of the day. */

import { quote } from "./quote.ts";

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

const MINUTES_A_DAY = 24 * 60;
const MOMENT = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?(Z|[+-][0-9]{2}:[0-9]{2})?$/;
const TIME_OF_DAY = /^([01][0-9]|2[0-3]):([0-5][0-9])$/;

/**
 * Returns the milliseconds since the epoch of a time such as `2026-12-01T00:00:00Z`; undefined for any other text. A time without
 * a zone is local time.
 */
export function parseMoment(text: string): number | undefined {
  if (!MOMENT.test(text) || !isDate(text.slice(0, 10))) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

/** Returns whether the date exists: `Date.parse` takes 31 February for 3 March. */
function isDate(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

export function explainMoment(text: string): string | undefined {
  return parseMoment(text) === undefined ? `${quote(text)} is not a time, as 2026-12-01T00:00:00Z` : undefined;
}

/** Returns the minutes since midnight of a time such as `08:00`; undefined for any other text. The end of a day is `24:00`. */
export function parseTimeOfDay(text: string): number | undefined {
  if (text === "24:00") return MINUTES_A_DAY;
  const [, hours, minutes] = TIME_OF_DAY.exec(text) ?? [];
  return hours === undefined ? undefined : Number(hours) * 60 + Number(minutes);
}

export function explainTimeOfDay(text: string): string | undefined {
  return parseTimeOfDay(text) === undefined ? `${quote(text)} is not a time of the day, as 08:00 or 24:00` : undefined;
}
