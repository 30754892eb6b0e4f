/**
 * Waits until every packet whose processing began before now has left the programs. Programs run inside RCU read sections, so one
 * grace period is enough.
 */

import { setTimeout as sleep } from "node:timers/promises";

import koffi from "koffi";

const MEMBARRIER: Record<string, number> = { x64: 324, arm64: 283 };
/** This command is synchronize_rcu() of the kernel. Kernels booted with nohz_full refuse it. */
const MEMBARRIER_CMD_GLOBAL = 1;
/** No packet takes even a hundredth of this time. */
const SURELY_LONG_ENOUGH_MS = 1000;

type Membarrier = {
  async(number: number, command: number, flags: number, cpu: number, done: (error: unknown, result: number) => void): void;
};
let membarrier: Membarrier | undefined;

/** Waits off the main thread, for some ten milliseconds. */
export async function waitGracePeriod(): Promise<void> {
  const number = MEMBARRIER[process.arch];
  if (number !== undefined) {
    membarrier ??= koffi
      .load("libc.so.6")
      .func("long syscall(long number, int command, unsigned int flags, int cpu)") as unknown as Membarrier;
    const call = membarrier;
    const result = await new Promise<number>((resolve) =>
      call.async(number, MEMBARRIER_CMD_GLOBAL, 0, 0, (error, value) => resolve(error ? -1 : Number(value))),
    );
    if (result === 0) return;
  }
  await sleep(SURELY_LONG_ENOUGH_MS);
}
