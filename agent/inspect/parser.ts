/** The contract between a parser of one protocol and its caller. Every byte may come from an attacker. */

import type { Transaction } from "./transaction.ts";
import type { Undecided } from "./undecided.ts";

/** The client is the end that opened the connection. */
export type Side = "client" | "server";

export const OTHER_SIDE: Record<Side, Side> = { client: "server", server: "client" };

export interface Listener {
  /** A request is known as far as rules can ask. Its answer changes the same object later. */
  asked(transaction: Transaction): void;
  /** No more will be known of this transaction. Each is told once, also one that was never asked. */
  ended(transaction: Transaction): void;
}

/** Reads one connection. */
export interface Parser {
  /**
   * Reads from the bytes that a side has sent and that are not read yet; of datagrams one at a time. Returns how many bytes it has read:
   * 0 if it needs more of them, or more than there are if those that follow are of no concern. It throws NotDecided if it cannot go on.
   */
  read(side: Side, unread: Uint8Array): number;
  /** This side sends no more. */
  end(side: Side): void;
  /**
   * Nothing more is read. Open transactions end. With `undecided`, the one that was being read is undecided, or if there was none, another
   * one that says only so.
   */
  close(undecided?: Undecided): void;
}

/** Everything that follows is of no concern to a parser that returns this. */
export const ALL = Number.MAX_SAFE_INTEGER;

/** Do these bytes begin like this, as far as both go? undefined if they are too few to tell. */
export function beginsWith(first: Uint8Array, wanted: Uint8Array): boolean | undefined {
  const length = Math.min(first.length, wanted.length);
  for (let at = 0; at < length; at++) if (first[at] !== wanted[at]) return false;
  return first.length >= wanted.length ? true : undefined;
}

export interface StreamProtocol {
  open(listener: Listener): Parser;
  /** Do these first bytes of a side begin this protocol? undefined if that takes more of them. */
  recognise(side: Side, first: Uint8Array): boolean | undefined;
}

export interface DatagramProtocol {
  open(listener: Listener): Parser;
  recognise(side: Side, datagram: Uint8Array): boolean;
}
