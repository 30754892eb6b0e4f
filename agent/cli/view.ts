/**
 * What `weir run` shows. On a terminal: a block that is redrawn in place, with log lines running above it. Elsewhere: a
 * line an event. A slow terminal misses frames; the agent never waits for it.
 */

import { stripVTControlCharacters, styleText } from "node:util";
import type { ToldEvent } from "../observe/events/event.ts";
import type { AgentControl, EventControl, Status } from "../service/contract.ts";
import { eventLine, paintEvent, toWatched } from "../service/event-line.ts";
import { count, counted } from "../values/count.ts";
import { redirectLog } from "../daemon/log.ts";
import { LineOutput, neverBlock } from "../daemon/output.ts";
import { eventsText, headline, healthText, interfaceTable, rulesText, verdictTable } from "./status-text.ts";

const FRAME_MS = 500;
/** Asking for the status reads every counter: every other frame will do. */
const FRAMES_PER_STATUS = 2;
const MOST_INTERFACES = 6;
const MOST_EVENTS = 12;
const MOST_LOG_LINES = 1000;

export interface View {
  close(): void;
}

/** The view needs no more of the agent. */
type Seen = Pick<AgentControl, "state" | "events">;

export function startView(control: Seen, output: NodeJS.WriteStream = process.stdout): View {
  return output.isTTY ? new LiveView(control, output) : new EventLines(control.events, output);
}

class EventLines implements View {
  readonly close: () => void;

  constructor(events: EventControl, stream: NodeJS.WriteStream) {
    const output = new LineOutput(stream);
    this.close = events.subscribe((event) => output.write(() => eventLine(toWatched(event))));
  }
}

class LiveView implements View {
  #control: Seen;
  #output: NodeJS.WriteStream;
  #unsubscribe: () => void;
  #timer: NodeJS.Timeout;
  #recent: ToldEvent[] = [];
  #events = 0;
  #status: Status | undefined;
  #frames = 0;
  /** Lines of the block on the screen, over which the next frame is drawn. */
  #height = 0;
  #logLines: string[] = [];
  #logLinesLost = 0;
  #onResize = () => this.#clear();

  constructor(control: Seen, output: NodeJS.WriteStream) {
    this.#control = control;
    this.#output = neverBlock(output);
    this.#unsubscribe = control.events.subscribe((event) => {
      this.#events++;
      this.#recent.push(event);
      if (this.#recent.length > 2 * MOST_EVENTS) this.#recent = this.#recent.slice(-MOST_EVENTS);
    });
    if (process.stderr.isTTY) redirectLog({ write: (line) => this.#log(line) });
    output.on("resize", this.#onResize);
    this.#timer = setInterval(() => void this.#tick(), FRAME_MS);
    void this.#tick();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unsubscribe();
    this.#output.off("resize", this.#onResize);
    redirectLog(null);
    this.#draw();
  }

  #log(line: string): void {
    if (this.#logLines.length < MOST_LOG_LINES) this.#logLines.push(line);
    else this.#logLinesLost++;
  }

  /** Lines wrap differently after a resize, so that the old block cannot be found again. */
  #clear(): void {
    this.#output.write("\x1b[2J\x1b[H");
    this.#height = 0;
  }

  async #tick(): Promise<void> {
    try {
      if (this.#frames++ % FRAMES_PER_STATUS === 0) this.#status = await this.#control.state.status();
    } catch (error) {
      this.#log(`the counters could not be read: ${(error as Error).message}`);
    }
    this.#draw();
  }

  #draw(): void {
    if (this.#output.writableLength > 0) return; // the terminal has not taken the last frame yet
    const columns = this.#output.columns || 80;
    const lost = this.#logLinesLost > 0 ? [`(${counted(this.#logLinesLost, "log line was", "log lines were")} not shown)`] : [];
    const above = [...this.#logLines, ...lost].map((line) => `${line}\x1b[K\n`);
    this.#logLines = [];
    this.#logLinesLost = 0;
    const block = this.#block(this.#output.rows || 24, columns).map((line) => `${cropped(line, columns)}\x1b[K\n`);
    const back = this.#height > 0 ? `\x1b[${this.#height}A\r` : "";
    this.#output.write(`${back}${above.join("")}${block.join("")}\x1b[J`);
    this.#height = block.length;
  }

  #block(rows: number, columns: number): string[] {
    const head = this.#status ? this.#headOf(this.#status) : ["weir starts ..."];
    const room = Math.max(0, Math.min(MOST_EVENTS, rows - head.length - 3));
    const recent = room > 0 ? this.#recent.slice(-room) : [];
    const events = recent.map((event) => paintEvent(cropped(eventLine(toWatched(event)), columns), event.type, this.#output));
    const title = this.#paint("bold", `events     ${count(this.#events)} since the view began; the last ones:`);
    return [...head, "", title, ...events].slice(0, Math.max(1, rows - 1));
  }

  #headOf(status: Status): string[] {
    const { mode, interfaces, health } = status;
    const shown = interfaceTable(interfaces.slice(0, MOST_INTERFACES));
    const more = interfaces.length - MOST_INTERFACES;
    return [
      this.#paint("bold", headline(status)),
      `mode       ${mode === "prevent" ? this.#paint("bold", "prevent: enforced rules drop") : "detect: nothing is dropped"}    (Ctrl-C ends)`,
      `health     ${this.#paint(health.state === "ok" ? "green" : "yellow", healthText(status))}`,
      `rules      ${rulesText(status)}`,
      `accounts   ${eventsText(status)}`,
      "",
      ...shown,
      ...(more > 0 ? [`and ${more} more: weir status`] : []),
      "",
      ...verdictTable(status),
    ];
  }

  #paint(style: Parameters<typeof styleText>[0], text: string): string {
    return styleText(style, text, { stream: this.#output });
  }
}

/** A line that does not fit would wrap and push the block apart. A cropped one loses its colours. */
function cropped(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length < columns ? line : plain.slice(0, columns - 1);
}
