/** Looks after what ends at a time of its own. */

/** How often deadlines are looked at: timers do not count the time in which the machine sleeps. */
const LOOK_MS = 1000;
const SOONEST_MS = 10;
const RETRY_MS = 60_000;

export interface DeadlineParts {
  /** Seconds; Infinity: nothing ends. */
  untilNext(): number;
  /** Takes away what is over, if anything is. */
  look(): Promise<void>;
  /** It is looked at again in a minute. */
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

  /** What ends, or when, may be another than before. */
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
