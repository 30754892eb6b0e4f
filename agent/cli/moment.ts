/** Reads times and durations on the command line. */

import { meantDuration, parseDuration } from "../values/duration.ts";
import { type Call, meant, UsageError } from "./arguments.ts";
import type { Sent } from "../service/requests/requests.ts";

/** Returns the milliseconds since the epoch of a date with a time. */
export function timeOf(option: string, text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time) || !/^[0-9]{4}-/.test(text)) throw new UsageError(`${option} takes a time, as 2026-11-21T03:00Z, not "${text}"`);
  return time;
}

export function durationOf(option: string, text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined || seconds === 0)
    throw new UsageError(`${option} takes a duration, as 90s, 15m, 2h or 7d, not "${text}"${meant(meantDuration(text))}`);
  return seconds;
}

/** The reason why something is added, and when it ends. */
export type Term = Pick<Sent<"addBans">, "reason" | "for_s" | "until">;

/** Reads --for, --until and --reason. */
export function termOf(call: Call): Term {
  const [lasts, until, reason] = [call.text("for"), call.text("until"), call.text("reason")];
  if (lasts !== undefined && until !== undefined) throw new UsageError("--for and --until do not go together");
  return {
    ...(lasts === undefined ? {} : { for_s: durationOf("--for", lasts) }),
    ...(until === undefined ? {} : { until: timeOf("--until", until) }),
    ...(reason === undefined ? {} : { reason }),
  };
}
