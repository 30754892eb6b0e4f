/**
 * Streams events to those who watch, one JSON object a line. A reader that is too slow loses events, never memory of the agent:
 * what it lost is told to it, at the place where it is missing, as `{"dropped": n}`.
 */

import type { ServerResponse } from "node:http";
import type { ToldEvent } from "../observe/events/event.ts";
import { toWatched } from "../service/event-line.ts";
import type { EventControl } from "../service/contract.ts";
import type { Asked } from "../service/requests/requests.ts";
import { Refusal } from "../values/refusal.ts";

const WATCHERS = 16;
const QUEUED_LINES = 4096;
/** Lines handed to the socket at once. */
const BATCH = 64;

type WriteHead = (response: ServerResponse, status: number, type: string) => void;

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

  #publish(event: ToldEvent): void {
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

class Watcher {
  #response: ServerResponse;
  #asked: Asked<"watch">;
  #queue: string[] = [];
  #dropped = 0;
  #scheduled = false;

  constructor(response: ServerResponse, asked: Asked<"watch">) {
    this.#response = response;
    this.#asked = asked;
    response.on("drain", () => this.#flush());
  }

  get hasRoom(): boolean {
    return this.#queue.length < QUEUED_LINES;
  }

  wants(event: ToldEvent): boolean {
    const { type, rule } = this.#asked;
    return (type === undefined || event.type === type) && (rule === undefined || ("rule" in event && event.rule.name === rule));
  }

  drop(): void {
    this.#dropped++;
  }

  push(line: string): void {
    this.#tellDropped();
    this.#queue.push(line);
    if (this.#scheduled) return;
    // Events come in bursts: what belongs to one is written at once.
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
