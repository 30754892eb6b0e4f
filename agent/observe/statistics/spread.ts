/**
 * The distribution of values, precise enough to give their median within a tenth: there are four buckets from each number to its
 * double.
 */

const A_DOUBLING = 4;

export class Spread {
  /** The counts by bucket. Most distributions have few values, in few buckets. */
  #buckets: number[] = [];
  #counts: number[] = [];
  #count = 0;
  #least = Infinity;
  #greatest = 0;

  /** Adds a value. Values below 1 count as 1. */
  add(value: number): void {
    this.#put(Math.ceil(Math.log2(Math.max(1, value)) * A_DOUBLING), 1);
    this.#reach(value, value);
  }

  merge(other: Spread): void {
    for (let at = 0; at < other.#buckets.length; at++) this.#put(other.#buckets[at]!, other.#counts[at]!);
    this.#reach(other.#least, other.#greatest);
  }

  /** Returns the value that this share of the values does not exceed; undefined if there are none. */
  quantile(share: number): number | undefined {
    let before = 0;
    const sorted = this.#buckets.map((bucket, at) => [bucket, this.#counts[at]!] as const).sort(([a], [b]) => a - b);
    for (const [bucket, count] of sorted) {
      before += count;
      if (before >= share * this.#count) return Math.min(this.#greatest, Math.max(this.#least, 2 ** ((bucket - 0.5) / A_DOUBLING)));
    }
    return undefined;
  }

  #reach(least: number, greatest: number): void {
    this.#least = Math.min(this.#least, least);
    this.#greatest = Math.max(this.#greatest, greatest);
  }

  #put(bucket: number, count: number): void {
    const known = this.#buckets.indexOf(bucket);
    const at = known >= 0 ? known : this.#buckets.push(bucket) - 1;
    this.#counts[at] = (this.#counts[at] ?? 0) + count;
    this.#count += count;
  }
}
