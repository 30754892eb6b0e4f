/** What is remembered of connections: those that passed, and those that only detect mode let through. */

import type { Direction } from "../../values/traffic.ts";
import { type ConnectionKey, reversed } from "./connection.ts";
import { isBareSyn, RST } from "./flags.ts";
import type { Conversation, Reason, Segment, Transport } from "./packet.ts";
import type { Segments } from "./segments.ts";

export interface Flow {
  openerIsLow: boolean;
  /** As the opener's packets say it. */
  opener: Conversation;
  /** The opener's, on this interface. */
  direction: Direction;
  /** Every flag seen, of the opener and of the other end. */
  tcpFlags: [number, number];
  /** The other end has spoken. */
  answered: boolean;
  /** When, in milliseconds. */
  opened: number;
  /** Rules that are asked once, and held when it opened; of no meaning in other generations. */
  settled: { generation: number; rules: string[] };
  /** What it counts for, of the rules that ask how many connections are open. */
  counts: string[];
  /** Of TCP. */
  segments: Segments | undefined;
}

/** A connection that detect lets go on although it would be dropped. */
export interface Blocked {
  generation: number;
  openerIsLow: boolean;
  /** As the opener's packets say it. */
  opener: Conversation;
  /** The opener's, on this interface. */
  direction: Direction;
  rule: string;
  /** The identity of that rule (see identityOf), if it has been in force ever since. */
  held: string | undefined;
  reason: Reason | null;
  /** It was met in the middle, so that prevent would meet each of its packets. */
  isMet: boolean;
}

export class Flows {
  readonly #flows = new Map<string, Flow>();
  readonly #blocked = new Map<string, Blocked>();
  /** SYNs that passed, by their ends, wherever they passed. */
  readonly #syns = new Map<string, Segment>();

  find(key: ConnectionKey): Flow | undefined {
    return this.#flows.get(key.text);
  }

  open(key: ConnectionKey, flow: Flow): void {
    this.#flows.set(key.text, flow);
  }

  /** How many open ones count for this. */
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

  /** Only these rules are in force from now on. */
  keepHeld(rules: ReadonlySet<string>): void {
    for (const blocked of this.#blocked.values()) if (blocked.held !== undefined && !rules.has(blocked.held)) blocked.held = undefined;
  }

  unblock(key: ConnectionKey): void {
    this.#blocked.delete(key.text);
  }

  noteSyn(conversation: Conversation, { tcpFlags, segment }: Pick<Transport, "tcpFlags" | "segment">): void {
    if (isBareSyn(tcpFlags) && (tcpFlags! & RST) === 0 && segment?.whole) this.#syns.set(endsOf(conversation), segment);
  }

  /** Does it acknowledge a SYN, or all of one with data, that passed between these ends? */
  isAskedFor(answer: Conversation, { segment }: Pick<Transport, "segment">): boolean {
    const syn = this.#syns.get(endsOf(reversed(answer)));
    if (syn === undefined || segment === null) return false;
    const acknowledged = (segment.acknowledgement - syn.sequence) >>> 0;
    return acknowledged > 0 && acknowledged <= (syn.end - syn.sequence) >>> 0;
  }
}

function endsOf({ source, destination, ports }: Conversation): string {
  return [source, destination, ports?.source, ports?.destination].join(" ");
}
