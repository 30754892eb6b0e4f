/**
 * When something ends. As long as the machine runs, the boot clock counts: it goes on in suspend, and nobody sets it.
 * Over a reboot only the wall clock is left.
 */

import { readFileSync } from "node:fs";
import { uptime } from "node:os";

export interface Clock {
  /** Tells one boot from the next. */
  boot: string;
  /** Since this boot, in seconds. */
  bootSeconds(): number;
  /** Milliseconds since the epoch. */
  wall(): number;
}

export interface Deadline {
  /** Seconds of the boot clock. */
  boot: number;
  /** Milliseconds since the epoch, as the wall clock was when this was kept. */
  wall: number;
}

export function systemClock(): Clock {
  return { boot: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(), bootSeconds: uptime, wall: Date.now };
}

export function deadlineIn(seconds: number, clock: Clock): Deadline {
  return { boot: clock.bootSeconds() + seconds, wall: clock.wall() + seconds * 1000 };
}

/** Seconds left; negative when it is over. */
export function remaining({ boot }: Deadline, clock: Clock): number {
  return boot - clock.bootSeconds();
}

/** A deadline kept in this boot or, without that, in an earlier one. */
export function deadlineKept({ boot, wall }: Deadline, sameBoot: boolean, clock: Clock): Deadline {
  return sameBoot ? { boot, wall } : { boot: clock.bootSeconds() + (wall - clock.wall()) / 1000, wall };
}

/** The same moment, as the wall clock shows it now. */
export function shownAgain({ boot }: Deadline, clock: Clock): Deadline {
  return deadlineIn(boot - clock.bootSeconds(), clock);
}
