/** Where every record of one signal is: offered = waiting + flying + sent + lost + no_collector, at any moment. */

export type Signal = "traces" | "metrics" | "logs";

export interface Delivery {
  offered: number;
  /** In the queue. */
  waiting: number;
  /** Handed to the network, not yet answered. */
  flying: number;
  /** Acknowledged by the collector. */
  sent: number;
  /** Not acknowledged: the queue was full, the collector refused, failed or was silent, or weir stopped. */
  lost: number;
  /** Not sent, since nobody asked for an address, and there is no collector that may have them at the usual one. */
  no_collector: number;
}

export class Ledger {
  readonly #capacity: number;
  #waiting = 0;
  #flying = 0;
  #sent = 0;
  #lost = 0;
  #noCollector = 0;
  #closed = false;
  /** Whether what cannot be sent is nobody's loss: nobody asked for a collector, and none is there. */
  unclaimed = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Counts a record in; false when there is no room for it and it is lost. */
  offer(records = 1): boolean {
    if (this.#closed || this.#waiting + records > this.#capacity) {
      this.#lose(records);
      return false;
    }
    this.#waiting += records;
    return true;
  }

  /** True, and a record counted as lost, when there is no room for it: asked before the record is made, it need not be made. */
  turnsAway(): boolean {
    if (!this.#closed && this.#waiting < this.#capacity) return false;
    this.#lose(1);
    return true;
  }

  /** A batch leaves the queue for the network. */
  depart(records: number): void {
    if (this.#closed) return;
    this.#waiting -= records;
    this.#flying += records;
  }

  /** The collector answered, or will not. */
  arrive(records: number, lost: number): void {
    if (this.#closed) return;
    this.#flying -= records;
    this.#sent += records - lost;
    this.#lose(lost);
  }

  /** Whatever has not arrived by now is lost; what is offered later, too. */
  close(): void {
    this.#closed = true;
    this.#lose(this.#waiting + this.#flying);
    this.#waiting = this.#flying = 0;
  }

  #lose(records: number): void {
    if (this.unclaimed) this.#noCollector += records;
    else this.#lost += records;
  }

  read(): Delivery {
    return {
      offered: this.#waiting + this.#flying + this.#sent + this.#lost + this.#noCollector,
      waiting: this.#waiting,
      flying: this.#flying,
      sent: this.#sent,
      lost: this.#lost,
      no_collector: this.#noCollector,
    };
  }
}
