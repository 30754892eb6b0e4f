/**
 * Deadlines. As long as the machine runs, they follow the boot clock, which goes on in suspend and which nobody sets. Over a
 * reboot only the wall clock is left.
 */

import { readFileSync } from "node:fs";
import { uptime } from "node:os";

export interface Clock {
  /** An id that differs between boots. */
  boot: string;
  /** Returns the seconds since this boot. */
  bootSeconds(): number;
  /** Returns the wall time in milliseconds since the epoch. */
  wall(): number;
}

export interface Deadline {
  /** The second of the boot clock. */
  boot: number;
  /** The same time in milliseconds since the epoch, as the wall clock was when this was kept. */
  wall: number;
}

export function systemClock(): Clock {
  return { boot: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(), bootSeconds: uptime, wall: Date.now };
}

export function deadlineIn(seconds: number, clock: Clock): Deadline {
  return { boot: clock.bootSeconds() + seconds, wall: clock.wall() + seconds * 1000 };
}

/** Returns the seconds left; negative when the deadline is over. */
export function remaining({ boot }: Deadline, clock: Clock): number {
  return boot - clock.bootSeconds();
}

/** Returns a deadline that was kept in this boot or, if `sameBoot` is false, in an earlier one. */
export function deadlineKept({ boot, wall }: Deadline, sameBoot: boolean, clock: Clock): Deadline {
  return sameBoot ? { boot, wall } : { boot: clock.bootSeconds() + (wall - clock.wall()) / 1000, wall };
}

/** If the clocks differ by less, nobody has set the wall clock: reading one after the other takes time. */
const SET_BY_MS = 1000;

/** Returns the same time as the wall clock shows it now: as it was kept, unless somebody has set that clock since. */
export function shownAgain(deadline: Deadline, clock: Clock): Deadline {
  const now = deadlineIn(deadline.boot - clock.bootSeconds(), clock);
  return Math.abs(now.wall - deadline.wall) < SET_BY_MS ? deadline : now;
}
