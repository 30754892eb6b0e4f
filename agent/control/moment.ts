/** Times and whiles as they are written on the command line. */

import { UsageError } from "./arguments.ts";

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of `90s`, `15m`, `2h`, `7d`; undefined for anything else. */
export function readWhile(text: string): number | undefined {
  const [, number, unit] = /^([0-9]{1,9})([smhd])$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * UNITS[unit!]!;
}

/** Milliseconds since the epoch of a date with a time. */
export function timeOf(option: string, text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time) || !/^[0-9]{4}-/.test(text)) throw new UsageError(`${option} takes a time, as 2026-11-21T03:00Z, not "${text}"`);
  return time;
}

export function whileOf(option: string, text: string): number {
  const seconds = readWhile(text);
  if (seconds === undefined || seconds === 0) throw new UsageError(`${option} takes a while, as 90s, 15m, 2h or 7d, not "${text}"`);
  return seconds;
}
