/**
 * A share of the main thread's time, for look-ups that anybody on this host can cause by what he does. What would go beyond
 * is not looked up, and counted.
 */

const MS_A_SECOND = 1000;

export class Share {
  /** Look-ups that were not made. */
  skipped = 0;
  readonly #msASecond: number;
  readonly #now: () => number;
  readonly #spent: () => number;
  /** Milliseconds that were used and are not made good by time yet. */
  #debt = 0;
  #at: number;

  /** `msASecond` is also what may be used at once. `spent` answers milliseconds of the thread's processor time. */
  constructor(msASecond: number, now: () => number = () => performance.now(), spent: () => number = threadTime) {
    this.#msASecond = msASecond;
    this.#now = now;
    this.#spent = spent;
    this.#at = now();
  }

  /** What the work answers; `otherwise` where the share is used up. One that takes long is made good by those after it. */
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
