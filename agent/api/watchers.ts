/**
 * Streams events to those who watch, one JSON object a line. A reader that is too slow loses events, never memory of the agent:
 * what it lost is told to it, at the place where it is missing, as `{"dropped": n}`.
 */

import type { ServerResponse } from "node:http";
import { EVENT_TYPES, SOCKET_EVENT_TYPES, type ToldEvent } from "../observe/events/event.ts";
import { toWatched } from "../service/event-line.ts";
import type { EventControl } from "../service/contract.ts";
import { Refusal } from "../values/refusal.ts";
import { onlyParameters } from "./routes.ts";

const WATCHERS = 16;
const QUEUED_LINES = 4096;
const TYPES: readonly string[] = [...EVENT_TYPES, ...SOCKET_EVENT_TYPES];
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

  add(parameters: URLSearchParams, response: ServerResponse, writeHead: WriteHead): void {
    onlyParameters(parameters, ["type", "rule"]);
    const type = parameters.get("type");
    if (type !== null && !TYPES.includes(type)) {
      throw new Refusal(`There are no events of type ${type}.`, { kind: "malformed", next: `Use one of ${TYPES.join(", ")}.` });
    }
    if (this.#closed) throw new Refusal("The agent is stopping.", { kind: "busy", next: "Try again when it runs." });
    if (this.#open.size >= WATCHERS) {
      throw new Refusal(`${WATCHERS} others watch already.`, { kind: "busy", next: "End one of them first." });
    }
    const watcher = new Watcher(response, type, parameters.get("rule"));
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
  #type: string | null;
  #rule: string | null;
  #queue: string[] = [];
  #dropped = 0;
  #scheduled = false;

  constructor(response: ServerResponse, type: string | null, rule: string | null) {
    this.#response = response;
    this.#type = type;
    this.#rule = rule;
    response.on("drain", () => this.#flush());
  }

  get hasRoom(): boolean {
    return this.#queue.length < QUEUED_LINES;
  }

  wants(event: ToldEvent): boolean {
    return (
      (this.#type === null || event.type === this.#type) && (this.#rule === null || ("rule" in event && event.rule.name === this.#rule))
    );
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
