/** Datagrams between two ends, which a parser reads one by one. */

import type { DatagramProtocol, Listener, Parser, Side } from "./parser.ts";
import { NotDecided, type Undecided } from "./undecided.ts";

/** If none of so many datagrams is of a known protocol, no later one is looked at. */
const MOST_UNKNOWN = 8;

export class Datagrams {
  readonly #protocols: readonly DatagramProtocol[];
  readonly #listener: Listener;
  #parser: Parser | undefined;
  #unknown = 0;
  #isOver = false;

  constructor(protocols: readonly DatagramProtocol[], listener: Listener) {
    this.#protocols = protocols;
    this.#listener = listener;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  take(side: Side, datagram: Uint8Array): void {
    if (this.#isOver || datagram.length === 0) return;
    this.#parser ??= this.#protocols.find((protocol) => protocol.recognise(side, datagram))?.open(this.#listener);
    if (this.#parser === undefined) {
      this.#isOver = ++this.#unknown >= MOST_UNKNOWN;
      return;
    }
    try {
      this.#parser.read(side, datagram);
    } catch (error) {
      if (!(error instanceof NotDecided)) throw error;
      this.close(error.reason);
    }
  }

  close(undecided?: Undecided): void {
    if (!this.#isOver) this.#parser?.close(undecided);
    this.#isOver = true;
  }
}
