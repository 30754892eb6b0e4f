/** Streams events to those who watch, one JSON object a line. */

import type { ServerResponse } from "node:http";
import type { ReportedEvent } from "../observe/events/event.ts";
import { toWatched } from "../service/event-line.ts";
import type { EventControl } from "../service/contract.ts";
import type { Asked } from "../service/requests/requests.ts";
import { Refusal } from "../values/refusal.ts";
import { LineStream, type WriteHead } from "./line-stream.ts";

const WATCHERS = 16;

export class Watchers {
  lost = 0;
  #events: EventControl;
  #open = new Set<Watcher>();
  #unsubscribe: (() => void) | null = null;
  #closed = false;

  constructor(events: EventControl) {
    this.#events = events;
  }

  get count(): number {
    return this.#open.size;
  }

  add(asked: Asked<"watch">, response: ServerResponse, writeHead: WriteHead): void {
    if (this.#closed) throw new Refusal("The agent is stopping.", { kind: "busy", next: "Try again when it runs." });
    if (this.#open.size >= WATCHERS) {
      throw new Refusal(`${WATCHERS} others watch already.`, { kind: "busy", next: "End one of them first." });
    }
    const watcher = new Watcher(response, asked);
    this.#open.add(watcher);
    response.once("close", () => this.#remove(watcher));
    writeHead(response, 200, "application/x-ndjson");
    response.flushHeaders();
    this.#unsubscribe ??= this.#events.subscribe((event) => this.#publish(event));
  }

  /** Resolves when the watchers have taken what was left for them. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#open].map((watcher) => watcher.end()));
  }

  #remove(watcher: Watcher): void {
    this.#open.delete(watcher);
    if (this.#open.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  #publish(event: ReportedEvent): void {
    let line = "";
    for (const watcher of this.#open) {
      if (!watcher.wants(event)) continue;
      if (!watcher.hasRoom) {
        watcher.drop();
        this.lost++;
        continue;
      }
      line ||= `${JSON.stringify(toWatched(event))}\n`;
      watcher.push(line);
    }
  }
}

class Watcher extends LineStream {
  readonly #asked: Asked<"watch">;

  constructor(response: ServerResponse, asked: Asked<"watch">) {
    super(response);
    this.#asked = asked;
  }

  wants(event: ReportedEvent): boolean {
    const { type, rule } = this.#asked;
    return (type === undefined || event.type === type) && (rule === undefined || ("rule" in event && event.rule.name === rule));
  }
}
