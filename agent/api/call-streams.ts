/**
 * Streams the calls of a process to the client that asks for them. Once a second, if there were calls, a line says how many there were in
 * all, as `{"counts": {...}}`. The last line says with `ended` whether it was the process or the agent that ended.
 */

import type { ServerResponse } from "node:http";

import type { ShownEnd } from "../observe/sockets/shown-calls.ts";
import type { CallControl } from "../service/contract.ts";
import type { Asked } from "../service/requests/requests.ts";
import { LineStream, type WriteHead } from "./line-stream.ts";

const COUNTS_MS = 1000;

export class CallStreams {
  lost = 0;
  readonly #calls: CallControl;
  readonly #open = new Set<(by: ShownEnd) => Promise<void>>();

  constructor(calls: CallControl) {
    this.#calls = calls;
  }

  /** Throws a Refusal before anything is written, if the process cannot be shown. */
  async add(asked: Asked<"calls">, response: ServerResponse, writeHead: WriteHead): Promise<void> {
    const stream = new LineStream(response);
    const push = (line: object): void => {
      if (stream.hasRoom) return stream.push(`${JSON.stringify(line)}\n`);
      stream.drop();
      this.lost++;
    };
    let end = async (_by: ShownEnd): Promise<void> => {};
    const showing = await this.#calls.show(asked, { calls: (calls) => calls.forEach(push), ended: (by) => void end(by) });
    if (response.destroyed) return showing.close();
    let told = "";
    const timer = setInterval(() => {
      const counts = showing.counts();
      const text = JSON.stringify(counts);
      if (text !== told) push({ counts });
      told = text;
    }, COUNTS_MS);
    end = async (by) => {
      if (!this.#open.delete(end)) return;
      clearInterval(timer);
      // A reader that is too slow gets this line, too.
      stream.push(`${JSON.stringify({ counts: showing.finish(), ended: by })}\n`);
      await stream.end();
    };
    this.#open.add(end);
    response.once("close", () => {
      clearInterval(timer);
      if (this.#open.delete(end)) showing.close();
    });
    writeHead(response, 200, "application/x-ndjson");
    response.flushHeaders();
  }

  /** Resolves when those who look have taken what was left for them. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map((end) => end("agent")));
  }
}
