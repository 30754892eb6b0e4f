/** Limits records to a number a second, and counts those beyond. A part of the budget can be reserved for urgent records. */

export class Budget {
  readonly #limit: number;
  readonly #ordinaryLimit: number;
  readonly #now: () => number;
  #second = -1;
  #taken = 0;
  #leftOut = 0;
  #closed = false;

  /** @param reserved the part of the budget that only urgent records may use */
  constructor(limit: number, reserved = 0, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#ordinaryLimit = limit - reserved;
    this.#now = now;
  }

  take(urgent: boolean): boolean {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#taken = 0;
    }
    if (this.#closed || this.#taken >= (urgent ? this.#limit : this.#ordinaryLimit)) {
      this.#leftOut++;
      return false;
    }
    this.#taken++;
    return true;
  }

  /** Leaves out and counts everything from now on. */
  close(): void {
    this.#closed = true;
  }

  get leftOut(): number {
    return this.#leftOut;
  }
}
