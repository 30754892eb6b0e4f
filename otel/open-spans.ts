/**
 * Keeps the spans of detected connections open while these go on, so that the log record of each detection points at the span of
 * its connection. Their number is limited: when another span needs a place, the one that has been open for longest ends.
 */

import type { Span } from "@opentelemetry/api";
import type { ConnectionFields, VerdictEvent } from "../agent/observe/events/event.ts";

const MOST_OPEN = 2000;
const ECHO = new Set([0, 8, 128, 129]);
/** For these reasons a whole connection is undecided, and not a single packet. */
const OF_CONNECTIONS = new Set(["opener_unknown", "process_unknown"]);

export interface OpenSpan {
  span: Span;
  /** The time of the last detection of the connection, in milliseconds since the epoch. */
  time: number;
}

export class OpenSpans {
  readonly #most: number;
  readonly #open = new Map<string, OpenSpan>();

  constructor(most = MOST_OPEN) {
    this.#most = most;
  }

  /** Returns the open span of a connection that was detected again. */
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

  /** Returns the span of a connection that ended. The caller ends the span. */
  take(connection: ConnectionFields): OpenSpan | undefined {
    const key = keyOf(connection);
    const open = this.#open.get(key);
    this.#open.delete(key);
    return open;
  }

  /** Ends all spans. */
  close(): void {
    for (const { span, time } of this.#open.values()) span.end(time);
    this.#open.clear();
  }
}

/** Returns whether the packet belongs to a connection that goes on, and whose end will be reported. */
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
