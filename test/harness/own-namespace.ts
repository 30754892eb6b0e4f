/**
 * Moves the calling thread into a network namespace of its own, which ends with it: for tests that run programs on
 * made-up packets (BPF_PROG_TEST_RUN) and need devices, sockets and routes around them, but no traffic.
 */

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";

import koffi from "koffi";

const CLONE_NEWNET = 0x40000000;

/** From here on synchronous calls and child processes are inside. Node's worker threads are not. */
export function enterOwnNamespace(): void {
  const unshare = koffi.load("libc.so.6").func("int unshare(int flags)") as unknown as (flags: number) => number;
  if (unshare(CLONE_NEWNET) !== 0) throw new Error(`unshare: error ${koffi.errno()}`);
  ip("link", "set", "lo", "up");
}

/** One CPU for this thread, so that per-CPU memory is read where it was written. */
export function stayOnCpu(cpu: number): void {
  const set = koffi.load("libc.so.6").func("int sched_setaffinity(int pid, size_t size, void *mask)") as unknown as (
    pid: number,
    size: number,
    mask: Uint8Array,
  ) => number;
  const mask = new Uint8Array(128);
  mask[cpu >> 3] = 1 << (cpu & 7);
  if (set(0, mask.length, mask) !== 0) throw new Error(`sched_setaffinity: error ${koffi.errno()}`);
}

export function ip(...words: string[]): string {
  return execFileSync("ip", words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** A key below /proc/sys/net of the namespace. */
export function setNetworkKey(key: string, value: string): void {
  writeFileSync(`/proc/sys/net/${key}`, value);
}
