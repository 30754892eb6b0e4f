/** Removes things when their time is over. */

/** How often deadlines are checked. A timer for each would not count the time in which the machine sleeps. */
const LOOK_MS = 1000;
const SOONEST_MS = 10;
const RETRY_MS = 60_000;

export interface DeadlineParts {
  /** Returns the seconds until the next end; Infinity if nothing ends. */
  untilNext(): number;
  /** Removes everything that is over. */
  look(): Promise<void>;
  /** Reports an error. The next check is in a minute. */
  onTrouble(error: Error): void;
}

export class Deadlines {
  readonly #parts: DeadlineParts;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: DeadlineParts) {
    this.#parts = parts;
    this.changed();
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Call this when something else may end now, or at another time. */
  changed(): void {
    this.#arm(SOONEST_MS);
  }

  #arm(least: number): void {
    clearTimeout(this.#timer);
    const next = this.#parts.untilNext();
    if (this.#closed || next === Infinity) return;
    this.#timer = setTimeout(() => void this.#look(), Math.max(least, Math.min(next * 1000, LOOK_MS)));
  }

  async #look(): Promise<void> {
    try {
      await this.#parts.look();
      this.#arm(SOONEST_MS);
    } catch (error) {
      this.#parts.onTrouble(error as Error);
      this.#arm(RETRY_MS);
    }
  }
}
