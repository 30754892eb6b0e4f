/** What is remembered of connections: those that passed, and those that only detect mode let through. */

import type { Direction } from "../../events/event.ts";
import type { ConnectionKey } from "./connection.ts";
import type { Conversation } from "./packet.ts";

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const ACK = 0x10;

/** An answer comes soon, or is none. */
const SHADOW_MS = 30_000;

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
  /** An end was seen to reset it, or to acknowledge that both have finished. */
  closed: boolean;
}

/** A connection whose opening would have been dropped: what answers it belongs to it. */
export interface Shadow {
  generation: number;
  openerIsLow: boolean;
  rule: string;
  /** When, in milliseconds. */
  made: number;
}

export class Flows {
  readonly #flows = new Map<string, Flow>();
  readonly #shadows = new Map<string, Shadow>();

  find(key: ConnectionKey): Flow | undefined {
    return this.#flows.get(key.text);
  }

  open(key: ConnectionKey, flow: Flow): void {
    this.#flows.set(key.text, flow);
  }

  /** How many open ones count for this. */
  openFor(counted: string): number {
    return [...this.#flows.values()].filter(({ counts, closed }) => !closed && counts.includes(counted)).length;
  }

  forget(key: ConnectionKey): void {
    this.#flows.delete(key.text);
  }

  shadowOf(key: ConnectionKey, generation: number, now: number): Shadow | undefined {
    const shadow = this.#shadows.get(key.text);
    return shadow?.generation === generation && now - shadow.made <= SHADOW_MS ? shadow : undefined;
  }

  remember(key: ConnectionKey, shadow: Shadow): void {
    this.#shadows.set(key.text, shadow);
  }
}

/** A SYN without ACK: it opens, whatever else it says. */
export function isBareSyn(tcpFlags: number | null | undefined): boolean {
  return tcpFlags != null && (tcpFlags & (SYN | ACK)) === SYN;
}

/** One end reset it, or both have finished. */
export function isClosed({ tcpFlags: [opener, other] }: Flow): boolean {
  return ((opener | other) & RST) !== 0 || (opener & other & FIN) !== 0;
}
