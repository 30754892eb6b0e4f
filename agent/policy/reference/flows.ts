/** Remembers connections: those that passed, and those that only detect mode let through. */

import type { Direction } from "../../values/traffic.ts";
import { type ConnectionKey, reversed } from "./connection.ts";
import { isBareSyn, RST } from "./flags.ts";
import type { Conversation, Reason, Segment, TransportHeader } from "./packet.ts";
import type { Segments } from "./segments.ts";

export interface Flow {
  openerIsLow: boolean;
  /** The conversation in the order of the opener's packets. */
  opener: Conversation;
  /** The direction of the opener on this interface. */
  direction: Direction;
  /** All flags seen so far, of the opener and of the other end. */
  tcpFlags: [number, number];
  /** True once the other end has sent a packet. */
  answered: boolean;
  /** The time at which it opened, in milliseconds. */
  opened: number;
  /** Rules that are asked once and matched when the connection opened. They are valid in this generation only. */
  settled: { generation: number; rules: string[] };
  /** The keys under which the rules with `connections_over` count this connection. */
  counts: string[];
  /** The segments of a TCP connection. */
  segments: Segments | undefined;
}

/** A blocked connection: it goes on in detect, although it would be dropped. */
export interface Blocked {
  generation: number;
  openerIsLow: boolean;
  /** The conversation in the order of the opener's packets. */
  opener: Conversation;
  /** The direction of the opener on this interface. */
  direction: Direction;
  rule: string;
  /** The identity of that rule (see identityOf), if the rule has been in force ever since. */
  held: string | undefined;
  reason: Reason | null;
  /** True if it was not seen to open, so that prevent would meet each of its packets. */
  isMet: boolean;
}

export class Flows {
  readonly #flows = new Map<string, Flow>();
  readonly #blocked = new Map<string, Blocked>();
  /** The SYNs that passed, by their ends, on whatever interface. */
  readonly #syns = new Map<string, Segment>();

  find(key: ConnectionKey): Flow | undefined {
    return this.#flows.get(key.text);
  }

  open(key: ConnectionKey, flow: Flow): void {
    this.#flows.set(key.text, flow);
  }

  /** Returns how many open connections count under this key. */
  openFor(counted: string): number {
    return [...this.#flows.values()].filter(({ counts, segments }) => segments?.closed !== true && counts.includes(counted)).length;
  }

  forget(key: ConnectionKey): void {
    this.#flows.delete(key.text);
  }

  blockedOf(key: ConnectionKey): Blocked | undefined {
    return this.#blocked.get(key.text);
  }

  block(key: ConnectionKey, blocked: Blocked): void {
    this.#blocked.set(key.text, blocked);
  }

  /** Forgets which rules blocked a connection, except for these, which are still in force. */
  keepHeld(rules: ReadonlySet<string>): void {
    for (const blocked of this.#blocked.values()) if (blocked.held !== undefined && !rules.has(blocked.held)) blocked.held = undefined;
  }

  unblock(key: ConnectionKey): void {
    this.#blocked.delete(key.text);
  }

  noteSyn(conversation: Conversation, { tcpFlags, segment }: Pick<TransportHeader, "tcpFlags" | "segment">): void {
    if (isBareSyn(tcpFlags) && (tcpFlags! & RST) === 0 && segment?.whole) this.#syns.set(endsOf(conversation), segment);
  }

  /** Returns whether the packet acknowledges a SYN (and all of its data) that passed between these ends. */
  isAskedFor(answer: Conversation, { segment }: Pick<TransportHeader, "segment">): boolean {
    const syn = this.#syns.get(endsOf(reversed(answer)));
    if (syn === undefined || segment === null) return false;
    const acknowledged = (segment.acknowledgement - syn.sequence) >>> 0;
    return acknowledged > 0 && acknowledged <= (syn.end - syn.sequence) >>> 0;
  }
}

function endsOf({ source, destination, ports }: Conversation): string {
  return [source, destination, ports?.source, ports?.destination].join(" ");
}
