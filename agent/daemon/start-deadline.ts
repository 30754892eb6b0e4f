/**
 * Ends a start within its time: with an agent that is attached, or with a sentence and exit code 1. A thread of its own watches
 * the time, because a file system that does not answer blocks the main thread. Such an end leaves the kernel as `kill -9` does.
 */

import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";

import { LARGEST_FILE } from "../files/file.ts";
import { MOST_MORE_MS, type Uncounted } from "../files/silent.ts";

export const START_WITHIN_S = 10;
/** The refusal is written this long before the time is over. */
const MARGIN_MS = 500;
/** A file of rules or addresses may take this much longer for each megabyte. */
const MS_A_MEGABYTE = 1000;

export interface StartStep {
  /** A part of a sentence, such as `reading the configuration /etc/weir/weir.yaml`. */
  doing: string;
  /** A sentence for the operator: the next step. */
  next: string;
}

export type DeadlineMessage = { step: StartStep } | { moreMs: number };

export interface DeadlineData {
  withinS: number;
  leftMs: number;
  step: StartStep;
}

export class StartDeadline implements AsyncDisposable {
  readonly #worker: Worker;
  #due: number;

  constructor(withinS: number, step: StartStep) {
    // The time counts from the start of the process.
    const leftMs = Math.max(0, withinS * 1000 - MARGIN_MS - performance.now());
    this.#due = performance.now() + leftMs;
    const file = new URL(`./start-deadline-worker${extname(import.meta.filename)}`, import.meta.url);
    this.#worker = new Worker(file, { workerData: { withinS, leftMs, step } satisfies DeadlineData });
    this.#worker.unref();
  }

  /** Notes what the start does from now on. */
  step(doing: string, next: string): void {
    this.#worker.postMessage({ step: { doing, next } } satisfies DeadlineMessage);
  }

  /** A little less than the time that is left, for parts of the start that can report better what is late, and end it in good order. */
  get leftMs(): number {
    return Math.max(0, this.#due - performance.now() - MARGIN_MS);
  }

  /** Waits without counting the time, which is at most `MOST_MORE_MS`. */
  readonly uncounted: Uncounted = async (wait) => {
    const [mostMs, since] = [MOST_MORE_MS + MARGIN_MS, performance.now()];
    this.#allow(mostMs);
    try {
      return await wait;
    } finally {
      this.#allow(Math.min(0, performance.now() - since - mostMs));
    }
  };

  /** Gives more time for a large file, which may be missing. */
  async allowFor(path: string): Promise<void> {
    const size = await stat(path).then(
      (stats) => stats.size,
      () => 0,
    ); // reading the file reports the problem
    this.#allow((Math.min(size, LARGEST_FILE) / 1024 / 1024) * MS_A_MEGABYTE);
  }

  #allow(moreMs: number): void {
    this.#due += moreMs;
    if (moreMs !== 0) this.#worker.postMessage({ moreMs } satisfies DeadlineMessage);
  }

  /** Ends the deadline: the start is over. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
