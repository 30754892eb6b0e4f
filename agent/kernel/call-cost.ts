/** Measures how long a plain system call takes on this host. */

import { libc } from "./syscall.ts";

const ROUNDS = 40;
const CALLS_A_ROUND = 250;

/**
 * Returns nanoseconds. The result is the shortest of many rounds, because anything else that runs only makes a round longer. The
 * time of the call into the C library is subtracted: it is measured with a function that makes no system call.
 */
export function measureSystemCall(): number {
  const { getppid, pageSize } = libc();
  let call = Infinity;
  let empty = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    call = Math.min(call, timeOf(getppid));
    empty = Math.min(empty, timeOf(pageSize));
  }
  return Math.max(1, call - empty);
}

function timeOf(work: () => number): number {
  const began = process.hrtime.bigint();
  for (let number = 0; number < CALLS_A_ROUND; number++) work();
  return Number(process.hrtime.bigint() - began) / CALLS_A_ROUND;
}
