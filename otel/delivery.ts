/** Counts where every record of one signal is. At any moment, offered = waiting + flying + sent + lost + no_collector. */

export type Signal = "traces" | "metrics" | "logs";

export interface Delivery {
  offered: number;
  /** Records in the queue. */
  waiting: number;
  /** Records handed to the network and not yet answered. */
  flying: number;
  /** Records that the collector acknowledged. */
  sent: number;
  /** Records that were not acknowledged: the queue was full, the collector refused, failed or was silent, or weir stopped. */
  lost: number;
  /** Records that were not sent, because no address was configured and no collector that may have them listens at the usual one. */
  no_collector: number;
}

export class DeliveryLedger {
  readonly #capacity: number;
  #waiting = 0;
  #flying = 0;
  #sent = 0;
  #lost = 0;
  #noCollector = 0;
  #closed = false;
  /** True if records that cannot be sent are not lost: no collector was configured, and none is there. */
  unclaimed = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Counts records in. Returns false if there is no room and they are lost. */
  offer(records = 1): boolean {
    if (this.#closed || this.#waiting + records > this.#capacity) {
      this.#lose(records);
      return false;
    }
    this.#waiting += records;
    return true;
  }

  /** Returns true, and counts a record as lost, if there is no room for it. Ask before you make the record. */
  turnsAway(): boolean {
    if (!this.#closed && this.#waiting < this.#capacity) return false;
    this.#lose(1);
    return true;
  }

  /** Notes that a batch left the queue for the network. */
  depart(records: number): void {
    if (this.#closed) return;
    this.#waiting -= records;
    this.#flying += records;
  }

  /** Notes that the collector answered, or will not. */
  arrive(records: number, lost: number): void {
    if (this.#closed) return;
    this.#flying -= records;
    this.#sent += records - lost;
    this.#lose(lost);
  }

  /** Counts everything that has not arrived by now, and everything offered later, as lost. */
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
