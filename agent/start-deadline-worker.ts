/** Runs in a thread of its own, and ends the process when the time of start-deadline.ts is over. */

import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";

import type { DeadlineData, DeadlineMessage } from "./start-deadline.ts";

const STDERR = 2;

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

/** Node's own way out waits for threads, and one of them may be the reason. */
function end(): void {
  writeSync(STDERR, `weir: The start was not done within ${withinS} s: it was ${step.doing}.\n${step.next}\n`);
  const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
  (koffi.load("libc.so.6").func("void _exit(int code)") as unknown as (code: number) => void)(1);
}
