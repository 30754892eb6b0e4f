/** Runs in a thread of its own: reads one list for list-thread.ts. */

import { parentPort, workerData } from "node:worker_threads";

import { readList } from "../networks/list.ts";
import type { ThreadAnswer } from "./list-thread.ts";

const reading = await readList(workerData as string);
if ("problem" in reading) parentPort!.postMessage(reading satisfies ThreadAnswer);
else {
  const { parts } = reading.networks;
  parentPort!.postMessage({ parts } satisfies ThreadAnswer, [parts.rows.buffer, parts.index.buffer] as ArrayBuffer[]);
}
