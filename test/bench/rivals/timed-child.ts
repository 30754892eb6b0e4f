/** Runs a command, and answers how long it took and how much memory: `timed-child.ts COMMAND...`. */

import { spawnSync } from "node:child_process";

import koffi from "koffi";

export interface Timed {
  seconds: number;
  /** The most that was resident, of it and of what it started. */
  peakMB: number;
}

const RUSAGE_CHILDREN = -1;
const MAXRSS = 4; // of struct rusage, after two times of two words each

const [command, ...words] = process.argv.slice(2) as [string, ...string[]];
const began = performance.now();
const { status, stderr, error } = spawnSync(command, words, { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] });
const seconds = (performance.now() - began) / 1000;
if (status !== 0) {
  console.error(stderr || error?.message);
  process.exit(1);
}
const usage = new BigInt64Array(18);
(koffi.load("libc.so.6").func("int getrusage(int who, void *usage)") as unknown as (who: number, usage: BigInt64Array) => number)(
  RUSAGE_CHILDREN,
  usage,
);
const timed: Timed = { seconds, peakMB: (Number(usage[MAXRSS]!) * 1024) / 1e6 };
console.log(JSON.stringify(timed));
