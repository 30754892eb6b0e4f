/** Chance that can be repeated: the same seed gives the same run. */

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below `end` (mulberry32). */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  oneIn(chances: number): boolean {
    return this.below(chances) === 0;
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError("nothing to choose from");
    return from[this.below(from.length)]!;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

/**
 * How much to try, and from where. The usual run is the same each time, so that it fails only for a change of the
 * tree; a long run (WEIR_FUZZ_FRAMES) starts somewhere else each time. WEIR_FUZZ_SEED repeats one.
 */
export function fuzzRun(usualAmount: number): { amount: number; seed: number } {
  const wanted = process.env["WEIR_FUZZ_FRAMES"];
  const seed = process.env["WEIR_FUZZ_SEED"];
  return {
    amount: wanted === undefined ? usualAmount : Number(wanted),
    seed: seed !== undefined ? Number(seed) : wanted === undefined ? 1 : Date.now() % 2 ** 32,
  };
}
