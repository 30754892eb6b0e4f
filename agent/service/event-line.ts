/** An event as one line, in the words of the audit log. */

import { styleText } from "node:util";
import { eventText } from "../../audit/record.ts";
import type { ReportedEvent, Untimed } from "../observe/events/event.ts";

type Style = Parameters<typeof styleText>[0];

const STYLES: Record<ReportedEvent["type"], Style> = {
  ALLOWED: "green",
  DETECTED: "yellow",
  BLOCKED: "red",
  UNDECIDED: "magenta",
  LISTENING: "cyan",
  CONNECT_REFUSED: "cyan",
  CONNECT_FAILED: "cyan",
  BIND_FAILED: "cyan",
  RAW_SOCKET: "cyan",
  PACKET_SOCKET: "cyan",
  PACKET_BYPASS: "red",
};

/** An event as it is streamed: scripts read the time as they read it everywhere else. */
export type WatchedEvent = Untimed<ReportedEvent> & {
  /** ISO 8601. */
  time: string;
};

export function toWatched(event: ReportedEvent): WatchedEvent {
  return { ...event, time: new Date(event.time).toISOString() };
}

/** `2026-11-21T03:00:00.123Z DETECTED no-telnet-in tcp 198.18.0.1:40000 > 198.18.0.2:23 eth0 in pid=812 telnet (would drop)` */
export function eventLine(event: WatchedEvent): string {
  return `${event.time} ${eventText(event)}`;
}

/** Colours the line's type, where the stream is a terminal that wants colours. */
export function paintEvent(line: string, type: ReportedEvent["type"], stream: NodeJS.WritableStream): string {
  return line.replace(type, styleText(STYLES[type], type, { stream: stream as NodeJS.WriteStream }));
}
