/** Counts how often something happened in the last minute, to within some seconds. */

const SLOT_MS = 5000;
const SLOTS = 60_000 / SLOT_MS;

export class LastMinute {
  #counts: { slot: number; count: number }[] = [];

  /** `at` is in milliseconds since the epoch, like `now` below. The calls need not be in the order of time. */
  note(at: number, now: number): void {
    this.#put(Math.floor(at / SLOT_MS), 1, now);
  }

  merge(other: LastMinute, now: number): void {
    for (const { slot, count } of other.#counts) this.#put(slot, count, now);
  }

  perSecond(now: number): number {
    this.#forget(now);
    return this.#counts.reduce((sum, { count }) => sum + count, 0) / ((SLOTS * SLOT_MS) / 1000);
  }

  #put(slot: number, count: number, now: number): void {
    this.#forget(now);
    if (slot <= Math.floor(now / SLOT_MS) - SLOTS) return;
    const known = this.#counts.find((one) => one.slot === slot);
    if (known === undefined) this.#counts.push({ slot, count });
    else known.count += count;
  }

  #forget(now: number): void {
    const first = Math.floor(now / SLOT_MS) - SLOTS + 1;
    if (this.#counts.some(({ slot }) => slot < first)) this.#counts = this.#counts.filter(({ slot }) => slot >= first);
  }
}
