/** Reads long lists in a thread of its own, so that the main thread goes on reading events. */

import { once } from "node:events";
import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";

import { looker } from "../../files/looker.ts";
import { type ListRead, type ListReading, readList } from "../networks/list.ts";
import { NumberedNetworks, type NumberedParts } from "../networks/numbered.ts";

/** The time limit for a file, which may be on a network. */
const PATIENCE_MS = 5000;
/** Up to this size, starting a thread costs more than it saves. */
const SMALL_FILE = 64 * 1024;

export interface ThreadQuestion {
  path: string;
  keepAs: string | undefined;
}

export type ThreadAnswer = ({ parts: NumberedParts } & Omit<ListRead, "networks">) | { problem: string };

/** Resolves to true if the file system of a list does not answer: whoever touches the list would have to wait, and others behind it. */
export function isSilent(path: string): Promise<boolean> {
  return looker.isSilent(path, PATIENCE_MS);
}

/** Reads a list: see readList. */
export async function readListAside(path: string, keepAs?: string): Promise<ListReading> {
  const size = await stat(path).then(
    (stats) => stats.size,
    () => 0,
  ); // reading reports what is wrong
  if (size <= SMALL_FILE) return readList(path, keepAs);
  const worker = new Worker(new URL(`./list-worker${extname(import.meta.filename)}`, import.meta.url), {
    workerData: { path, keepAs } satisfies ThreadQuestion,
  });
  try {
    const [answer] = (await once(worker, "message")) as [ThreadAnswer]; // this rejects if the thread fails
    if ("problem" in answer) return answer;
    const { parts, ...more } = answer;
    return { networks: NumberedNetworks.of(parts), ...more };
  } catch (error) {
    return { problem: `${path}: it could not be read: ${(error as Error).message}` };
  } finally {
    await worker.terminate();
  }
}
