/** Runs in a thread of its own, and ends the process when the time of start-deadline.ts is over. */

import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";

import type { DeadlineData, DeadlineMessage } from "./start-deadline.ts";

const STDERR = 2;
/** On a busy machine the start gets at most this much more time. */
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

/** Returns the milliseconds for which the start had to wait for a CPU; 0 if the kernel does not tell. */
function waitedForProcessor(): number {
  try {
    const [, nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
    return Math.min(Number(nanoseconds) / 1e6, MOST_MORE_MS) || 0;
  } catch {
    return 0;
  }
}

/** Ends the process at once. Node's own exit waits for threads, and one of them may be the one that does not answer. */
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
