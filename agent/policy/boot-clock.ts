/** From times as people know them to the clock that the kernel asks: it goes on in suspend, and nobody sets it. */

import { uptime } from "node:os";

const SECONDS_A_WEEK = 7 * 86_400;

export interface BootClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** The second of the boot clock at a moment, in milliseconds since the epoch, or the next one. */
  bootSecondAt(moment: number): number;
}

/** `now`: the wall clock. */
export function bootClock(now: () => number = Date.now): BootClock {
  return { now, bootSecondAt: (moment) => Math.ceil(uptime() + (moment - now()) / 1000) };
}

/** Seconds that are to be added to those of the boot clock to have those since Monday 00:00, local time. */
export function weekSeconds(now: number, bootSeconds = uptime()): number {
  const date = new Date(now);
  const day = (date.getDay() + 6) % 7;
  const second = ((day * 24 + date.getHours()) * 60 + date.getMinutes()) * 60 + date.getSeconds() + date.getMilliseconds() / 1000;
  return (Math.round(second - bootSeconds) + SECONDS_A_WEEK * Math.ceil(bootSeconds / SECONDS_A_WEEK)) % SECONDS_A_WEEK;
}
