/** Converts times of the wall clock into those of the clock that the kernel uses. That clock goes on in suspend, and nobody sets it. */

import { uptime } from "node:os";

const SECONDS_A_WEEK = 7 * 86_400;

export interface BootClock {
  /** The time in milliseconds since the epoch. */
  now(): number;
  /** Returns the second of the boot clock at a time (milliseconds since the epoch), rounded up. */
  bootSecondAt(moment: number): number;
}

/** `now` reads the wall clock. */
export function bootClock(now: () => number = Date.now): BootClock {
  return { now, bootSecondAt: (moment) => Math.ceil(uptime() + (moment - now()) / 1000) };
}

/** Returns the seconds to add to the boot clock for the seconds since Monday 00:00, local time. */
export function weekSeconds(now: number, bootSeconds = uptime()): number {
  const date = new Date(now);
  const day = (date.getDay() + 6) % 7;
  const second = ((day * 24 + date.getHours()) * 60 + date.getMinutes()) * 60 + date.getSeconds() + date.getMilliseconds() / 1000;
  return (Math.round(second - bootSeconds) + SECONDS_A_WEEK * Math.ceil(bootSeconds / SECONDS_A_WEEK)) % SECONDS_A_WEEK;
}
