/** What a parser of one protocol is given, and what it tells. Every byte may come from an attacker. */

import type { Protocol, Transaction } from "./transaction.ts";
import type { Undecided } from "./undecided.ts";

/** The client is the end that opened the connection. */
export type Side = "client" | "server";

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

interface ProtocolOf<Transport> {
  name: Protocol;
  transport: Transport;
  open(listener: Listener): Parser;
}

export interface StreamProtocol extends ProtocolOf<"tcp"> {
  /** Do these first bytes of a side begin this protocol? undefined if that takes more of them. */
  recognise(side: Side, first: Uint8Array): boolean | undefined;
}

export interface DatagramProtocol extends ProtocolOf<"udp"> {
  recognise(side: Side, datagram: Uint8Array): boolean;
}
