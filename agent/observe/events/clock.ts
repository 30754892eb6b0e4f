/**
 * Converts the times of kernel events, which are on CLOCK_MONOTONIC. The distance to wall time is measured for each batch. So
 * when somebody sets the clock, later times change, and no duration becomes negative.
 */

import { hrtime } from "node:process";

/** Returns the wall time of CLOCK_MONOTONIC 0, in milliseconds since the epoch. */
export function monotonicEpoch(): number {
  return Date.now() - Number(hrtime.bigint()) / 1e6;
}

export function wallTime(epoch: number, monotonicNs: bigint): number {
  return epoch + Number(monotonicNs) / 1e6;
}
