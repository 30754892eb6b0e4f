/** Runs in a thread of its own: reads one list for list-thread.ts. */

import { parentPort, workerData } from "node:worker_threads";

import { readList } from "../networks/list.ts";
import type { ThreadAnswer, ThreadQuestion } from "./list-thread.ts";

const { path, keepAs } = workerData as ThreadQuestion;
const reading = await readList(path, keepAs);
if ("problem" in reading) parentPort!.postMessage(reading satisfies ThreadAnswer);
else {
  const {
    networks: { parts },
    ...more
  } = reading;
  parentPort!.postMessage({ parts, ...more } satisfies ThreadAnswer, [parts.rows.buffer, parts.index.buffer] as ArrayBuffer[]);
}
