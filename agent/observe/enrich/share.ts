/**
 * Look-ups that any user of this host can cause get a share of the main thread's time. Beyond that share, look-ups are not made,
 * and are counted.
 */

const MS_A_SECOND = 1000;

export class Share {
  /** Counts the look-ups that were not made. */
  skipped = 0;
  readonly #msASecond: number;
  readonly #now: () => number;
  readonly #spent: () => number;
  /** This many milliseconds were used, and time has not made them good yet. */
  #debt = 0;
  #at: number;

  /** `msASecond` is also what may be used at once. `spent` answers milliseconds of the thread's processor time. */
  constructor(msASecond: number, now: () => number = () => performance.now(), spent: () => number = threadTime) {
    this.#msASecond = msASecond;
    this.#now = now;
    this.#spent = spent;
    this.#at = now();
  }

  /** Returns what the work returns, or `otherwise` where the share is used up. Work that takes long is paid by the work after it. */
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
