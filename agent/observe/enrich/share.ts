/**
 * Limits the main thread's time for look-ups that any user of this host can cause. Beyond that share, look-ups are not made, and
 * are counted.
 */

const MS_A_SECOND = 1000;

export class Share {
  /** The number of look-ups that were not made. */
  skipped = 0;
  readonly #msASecond: number;
  readonly #now: () => number;
  readonly #spent: () => number;
  /** The milliseconds that were used and that time has not made good yet. */
  #debt = 0;
  #at: number;

  /** `msASecond` is also the most that may be used at once. `spent` returns the milliseconds of the thread's CPU time. */
  constructor(msASecond: number, now: () => number = () => performance.now(), spent: () => number = threadTime) {
    this.#msASecond = msASecond;
    this.#now = now;
    this.#spent = spent;
    this.#at = now();
  }

  /** Returns the result of the work, or `otherwise` if the share is used up. Later look-ups pay for work that takes long. */
  use<T>(work: () => T, otherwise: T): T {
    const now = this.#now();
    this.#debt = Math.max(0, this.#debt - ((now - this.#at) / MS_A_SECOND) * this.#msASecond);
    this.#at = now;
    if (this.#debt >= this.#msASecond) {
      this.skipped++;
      return otherwise;
    }
    const before = this.#spent();
    try {
      return work();
    } finally {
      this.#debt += this.#spent() - before;
    }
  }
}

function threadTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
