/** What is remembered of connections: those that passed, and those that only detect mode let through. */

import type { Direction } from "../../events/event.ts";
import type { ConnectionKey } from "./connection.ts";
import type { Conversation, Reason } from "./packet.ts";
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
  reason: Reason | null;
  /** It was met in the middle, so that prevent would meet each of its packets. */
  isMet: boolean;
}

export class Flows {
  readonly #flows = new Map<string, Flow>();
  readonly #blocked = new Map<string, Blocked>();

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

  unblock(key: ConnectionKey): void {
    this.#blocked.delete(key.text);
  }
}
