/** Times and whiles as they are written on the command line. */

import { parseDuration } from "../values/duration.ts";
import { type Call, UsageError } from "./arguments.ts";
import type { Term } from "../service/contract.ts";

/** Milliseconds since the epoch of a date with a time. */
export function timeOf(option: string, text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time) || !/^[0-9]{4}-/.test(text)) throw new UsageError(`${option} takes a time, as 2026-11-21T03:00Z, not "${text}"`);
  return time;
}

export function whileOf(option: string, text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined || seconds === 0) throw new UsageError(`${option} takes a while, as 90s, 15m, 2h or 7d, not "${text}"`);
  return seconds;
}

/** What --for, --until and --reason say. */
export function termOf(call: Call): Term {
  const [lasts, until, reason] = [call.text("for"), call.text("until"), call.text("reason")];
  if (lasts !== undefined && until !== undefined) throw new UsageError("--for and --until do not go together");
  return {
    ...(lasts === undefined ? {} : { for_s: whileOf("--for", lasts) }),
    ...(until === undefined ? {} : { until: timeOf("--until", until) }),
    ...(reason === undefined ? {} : { reason }),
  };
}
