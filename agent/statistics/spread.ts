/** How values are spread, well enough to tell their median within a tenth: four buckets from each number to its double. */

const A_DOUBLING = 4;

export class Spread {
  readonly #counts = new Map<number, number>();
  #count = 0;

  /** From 1 on: what is less counts as 1. */
  add(value: number): void {
    this.#put(Math.ceil(Math.log2(Math.max(1, value)) * A_DOUBLING), 1);
  }

  merge(other: Spread): void {
    for (const [bucket, count] of other.#counts) this.#put(bucket, count);
  }

  /** That so large a share of the values does not exceed; undefined where there are none. */
  quantile(share: number): number | undefined {
    let before = 0;
    for (const bucket of [...this.#counts.keys()].sort((a, b) => a - b)) {
      before += this.#counts.get(bucket)!;
      if (before >= share * this.#count) return 2 ** (Math.max(0, bucket - 0.5) / A_DOUBLING);
    }
    return undefined;
  }

  #put(bucket: number, count: number): void {
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
    this.#count += count;
  }
}
