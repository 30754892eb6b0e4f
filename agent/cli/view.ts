/**
 * The live view of `weir run`. On a terminal it is a block that is redrawn in place, and log lines run above it. Elsewhere each
 * event is a line. A slow terminal misses frames; the agent never waits for it.
 */

import { stripVTControlCharacters, styleText } from "node:util";
import { shortNames } from "../observe/events/workload.ts";
import type { ReportedEvent } from "../observe/events/event.ts";
import type { AgentControl, EventControl, Status } from "../service/contract.ts";
import { eventLine, paintEvent, toWatched } from "../service/event-line.ts";
import { count, counted } from "../values/count.ts";
import { redirectLog } from "../daemon/log.ts";
import { LineOutput, neverBlock } from "../daemon/output.ts";
import { clock, endpoint } from "./format.ts";
import { type Keys, obeyKeys } from "./keys.ts";
import { type Column, ENDPOINT_WIDTH, table } from "./table.ts";
import { folded, shortened, widthOf } from "./terminal.ts";
import { eventsText, headline, healthText, interfaceTable, rulesText, verdictTable } from "./status-text.ts";

const FRAME_MS = 500;
/** The status reads every counter, so it is requested for every other frame only. */
const FRAMES_PER_STATUS = 2;
const MOST_INTERFACES = 6;
const MOST_EVENTS = 12;
const MOST_LOG_LINES = 1000;

export interface View {
  close(): void;
}

/** The part of the agent's control that the view needs. */
type Seen = Pick<AgentControl, "state" | "events">;

export function startView(control: Seen, output: NodeJS.WriteStream = process.stdout, obey: () => Keys = obeyKeys): View {
  return output.isTTY ? new LiveView(control, output, obey()) : new EventLines(control.events, output);
}

const EVENTS: readonly Column<ReportedEvent>[] = [
  { title: "TIME", value: ({ time }) => clock(time) },
  { title: "EVENT", value: ({ type }) => type },
  { title: "RULE", value: (event) => ("rule" in event ? event.rule.name : (event.reason ?? "-")), narrow: "middle", least: 9, rank: 1 },
  { title: "PROTOCOL", value: ({ protocol }) => protocol ?? "-", rank: 4 },
  { title: "SOURCE", value: (event) => ends(event)[0], narrow: "middle", least: ENDPOINT_WIDTH },
  { title: "DESTINATION", value: (event) => ends(event)[1], narrow: "middle", least: ENDPOINT_WIDTH, rank: 2 },
  {
    title: "PROCESS",
    value: ({ process }) => (process === undefined ? "-" : `${process.name} ${process.pid}`),
    narrow: "middle",
    least: 10,
    rank: 3,
  },
  {
    title: "INTERFACE",
    value: (event) => [event.interface ?? "-", ...("direction" in event ? [event.direction === "ingress" ? "in" : "out"] : [])].join(" "),
    rank: 5,
  },
  { title: "PART OF", value: (event) => partOf(event), narrow: "middle", rank: 6 },
];

/** Returns the two ends of an event: source and destination of a packet, or the own and the other end of a socket. */
function ends(event: ReportedEvent): [string, string] {
  const [from, to] = "rule" in event ? [event.source, event.destination] : [event.local, event.remote];
  return [from === undefined ? "-" : endpoint(from), to === undefined ? "-" : endpoint(to)];
}

function partOf(event: ReportedEvent): string {
  const { container, pod, unit } = shortNames(event);
  return container ?? pod ?? unit ?? "-";
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
  #keys: Keys;
  #output: NodeJS.WriteStream;
  #unsubscribe: () => void;
  #timer: NodeJS.Timeout;
  #recent: ReportedEvent[] = [];
  #events = 0;
  #status: Status | undefined;
  #frames = 0;
  /** The number of lines of the block on the screen, over which the next frame is drawn. */
  #height = 0;
  #logLines: string[] = [];
  #logLinesLost = 0;
  #onResize = () => this.#clear();

  constructor(control: Seen, output: NodeJS.WriteStream, keys: Keys) {
    this.#control = control;
    this.#keys = keys;
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
    this.#keys.close();
    this.#output.off("resize", this.#onResize);
    redirectLog(null);
    this.#draw();
  }

  #log(line: string): void {
    if (this.#logLines.length < MOST_LOG_LINES) this.#logLines.push(line);
    else this.#logLinesLost++;
  }

  /** Lines wrap differently after a resize, so the old block cannot be found again. */
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
    // A character in the last column makes some terminals begin a new line.
    const columns = (this.#output.columns || 80) - 1;
    const lost = this.#logLinesLost > 0 ? [`(${counted(this.#logLinesLost, "log line was", "log lines were")} not shown)`] : [];
    const above = [...this.#logLines, ...lost].flatMap((line) => folded(line, columns)).map((line) => `${line}\x1b[K\n`);
    this.#logLines = [];
    this.#logLinesLost = 0;
    const block = this.#block(this.#output.rows || 24, columns).map(
      (line) => `${widthOf(line) > columns ? shortened(stripVTControlCharacters(line), columns) : line}\x1b[K\n`,
    );
    const back = this.#height > 0 ? `\x1b[${this.#height}A\r` : "";
    this.#output.write(`${back}${above.join("")}${block.join("")}\x1b[J`);
    this.#height = block.length;
  }

  #block(rows: number, columns: number): string[] {
    const head = this.#status ? this.#headOf(this.#status, columns) : ["weir starts ..."];
    const room = Math.max(0, Math.min(MOST_EVENTS, rows - head.length - 5));
    const recent = room > 0 ? this.#recent.slice(-room) : [];
    const title = this.#paint(
      "bold",
      `events     ${count(this.#events)} since the view began${recent.length === 0 ? "" : "; the last ones:"}`,
    );
    return [...head, "", title, ...this.#eventsOf(recent, columns)].slice(0, Math.max(1, rows - 1));
  }

  #eventsOf(recent: readonly ReportedEvent[], columns: number): string[] {
    if (recent.length === 0) return [];
    const [titles = "", ...lines] = table(recent, EVENTS, columns);
    return [titles, ...lines.slice(0, recent.length).map((line, index) => paintEvent(line, recent[index]!.type, this.#output))];
  }

  #headOf(status: Status, columns: number): string[] {
    const { mode, interfaces, health } = status;
    const shown = interfaceTable(interfaces.slice(0, MOST_INTERFACES), columns);
    const more = interfaces.length - MOST_INTERFACES;
    const colour = health.state === "ok" ? "green" : "yellow";
    return [
      this.#paint("bold", headline(status)),
      `mode       ${mode === "prevent" ? this.#paint("bold", "prevent: enforced rules drop") : "detect: nothing is dropped"}    (q quits)`,
      ...folded(`health     ${healthText(status)}`, columns).map((line, index) =>
        index === 0 ? line.replace(/(?<= )\S.*/, (text) => this.#paint(colour, text)) : this.#paint(colour, line),
      ),
      ...folded(`rules      ${rulesText(status)}`, columns),
      ...folded(`accounts   ${eventsText(status)}`, columns),
      "",
      ...shown,
      ...(more > 0 ? [`and ${more} more: weir status`] : []),
      "",
      ...verdictTable(status, columns),
    ];
  }

  #paint(style: Parameters<typeof styleText>[0], text: string): string {
    return styleText(style, text, { stream: this.#output });
  }
}
