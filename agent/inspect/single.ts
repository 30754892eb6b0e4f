/** The one transaction of a connection that is told as a whole. It is told once, however the connection ends. */

import type { Listener } from "./parser.ts";
import type { Transaction } from "./transaction.ts";
import type { Undecided } from "./undecided.ts";

export class Single {
  readonly transaction: Transaction;
  readonly #listener: Listener;
  #isOver = false;

  constructor(transaction: Transaction, listener: Listener) {
    this.transaction = transaction;
    this.#listener = listener;
  }

  /** True once nothing more is told. */
  get isOver(): boolean {
    return this.#isOver;
  }

  asked(): void {
    this.#listener.asked(this.transaction);
  }

  end(undecided?: Undecided): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (undecided !== undefined) this.transaction.undecided = undecided;
    this.#listener.ended(this.transaction);
  }

  /** The connection has said nothing, and nothing is told of it. */
  leave(): void {
    this.#isOver = true;
  }
}
