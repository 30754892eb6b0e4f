/**
 * Spans of connections that were detected and go on: they are open, so that the log record of each detection points at the span of
 * its connection. There are so many at most: the one that has been open for longest ends when another one needs its place.
 */

import type { Span } from "@opentelemetry/api";
import type { ConnectionFields, VerdictEvent } from "../agent/observe/events/event.ts";

const MOST_OPEN = 2000;
const ECHO = new Set([0, 8, 128, 129]);
/** For these reasons a whole connection is undecided, and not a single packet. */
const OF_CONNECTIONS = new Set(["opener_unknown", "process_unknown"]);

export interface OpenSpan {
  span: Span;
  /** When the connection was detected last, in milliseconds since the epoch. */
  time: number;
}

export class OpenSpans {
  readonly #most: number;
  readonly #open = new Map<string, OpenSpan>();

  constructor(most = MOST_OPEN) {
    this.#most = most;
  }

  /** The open span of the connection that was detected once more. */
  find(event: VerdictEvent): Span | undefined {
    const open = this.#open.get(keyOf(event));
    if (open !== undefined) open.time = event.time;
    return open?.span;
  }

  add(event: VerdictEvent, span: Span): void {
    const [oldest] = this.#open;
    if (this.#open.size >= this.#most && oldest !== undefined) {
      this.#open.delete(oldest[0]);
      oldest[1].span.end(oldest[1].time);
    }
    this.#open.set(keyOf(event), { span, time: event.time });
  }

  /** The span of a connection that ended, to be ended by the caller. */
  take(connection: ConnectionFields): OpenSpan | undefined {
    const key = keyOf(connection);
    const open = this.#open.get(key);
    this.#open.delete(key);
    return open;
  }

  /** Ends all. */
  close(): void {
    for (const { span, time } of this.#open.values()) span.end(time);
    this.#open.clear();
  }
}

/** True if the packet belongs to a connection that goes on, and whose end will be told. */
export function goesOn({ type, verdict, reason, protocol, source, icmp }: VerdictEvent): boolean {
  if (verdict === "dropped" || (type === "UNDECIDED" && !OF_CONNECTIONS.has(reason ?? ""))) return false;
  if (icmp !== undefined) return ECHO.has(icmp.type);
  return source.port !== undefined || (protocol !== "tcp" && protocol !== "udp");
}

function keyOf({ direction, interface: device, protocol, source, destination, vlan = [], tunnel }: ConnectionFields): string {
  return [
    direction,
    device,
    protocol,
    source.address,
    source.port,
    destination.address,
    destination.port,
    ...vlan,
    tunnel?.kind,
    tunnel?.id,
  ].join(" ");
}
