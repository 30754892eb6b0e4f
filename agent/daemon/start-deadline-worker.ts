/** Runs in a thread of its own, and ends the process when the time of start-deadline.ts is over. */

import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";

import type { DeadlineData, DeadlineMessage } from "./start-deadline.ts";

const STDERR = 2;
/** A machine that is busy with other things gets at most this much more time. */
const MOST_MORE_MS = 50_000;

let { withinS, leftMs, step } = workerData as DeadlineData;
let due = performance.now() + leftMs;
let timer = setTimeout(end, leftMs);

parentPort!.on("message", (message: DeadlineMessage) => {
  if ("step" in message) {
    step = message.step;
    return;
  }
  clearTimeout(timer);
  due += message.moreMs;
  timer = setTimeout(end, due - performance.now());
});

/** Returns for how many milliseconds the start could have gone on while others had the processors; 0 where the kernel does not say. */
function waitedForProcessor(): number {
  try {
    const [, nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
    return Math.min(Number(nanoseconds) / 1e6, MOST_MORE_MS) || 0;
  } catch {
    return 0;
  }
}

/** Node's own way out waits for threads, and one of them may be the reason. */
function end(): void {
  const leftMs = due + waitedForProcessor() - performance.now();
  if (leftMs > 0) {
    timer = setTimeout(end, leftMs);
    return;
  }
  writeSync(STDERR, `weir: The start was not done within ${withinS} s: it was ${step.doing}.\n${step.next}\n`);
  const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
  (koffi.load("libc.so.6").func("void _exit(int code)") as unknown as (code: number) => void)(1);
}
