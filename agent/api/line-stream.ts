/**
 * An answer that goes on: one JSON object a line. A reader that is too slow loses lines, never memory of the agent: how many it lost is
 * written at the place where they are missing, as `{"dropped": n}`.
 */

import type { ServerResponse } from "node:http";

const QUEUED_LINES = 4096;
/** Lines handed to the socket at once. */
const BATCH = 64;

export type WriteHead = (response: ServerResponse, status: number, type: string) => void;

export class LineStream {
  readonly #response: ServerResponse;
  #queue: string[] = [];
  #dropped = 0;
  #scheduled = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.on("drain", () => this.#flush());
  }

  get hasRoom(): boolean {
    return this.#queue.length < QUEUED_LINES;
  }

  drop(): void {
    this.#dropped++;
  }

  push(line: string): void {
    this.#tellDropped();
    this.#queue.push(line);
    if (this.#scheduled) return;
    // Lines come in bursts: what belongs to one is written at once.
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  end(): Promise<void> {
    this.#tellDropped();
    return new Promise((resolve) => {
      this.#response.once("close", resolve).end(this.#queue.join(""));
      this.#queue = [];
    });
  }

  #flush(): void {
    if (this.#response.writableEnded) return;
    while (this.#queue.length > 0) {
      if (this.#response.writableNeedDrain) return;
      this.#response.write(this.#queue.splice(0, BATCH).join(""));
      if (this.#queue.length === 0) this.#tellDropped();
    }
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    this.#queue.push(`{"dropped":${this.#dropped}}\n`);
    this.#dropped = 0;
  }
}
