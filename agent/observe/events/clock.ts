/**
 * Kernel events carry CLOCK_MONOTONIC. The distance to wall time is taken anew for each batch, so that a clock
 * that is set forth or back moves what is told from then on, and never makes a duration negative.
 */

import { hrtime } from "node:process";

/** Milliseconds since the epoch at CLOCK_MONOTONIC 0. */
export function monotonicEpoch(): number {
  return Date.now() - Number(hrtime.bigint()) / 1e6;
}

export function wallTime(epoch: number, monotonicNs: bigint): number {
  return epoch + Number(monotonicNs) / 1e6;
}
