/** Sums the events that each stage after the ring lost. */

type Counts = Record<string, number>;

export class Losses {
  readonly #sources: (() => Counts)[] = [];

  /** `source` returns how many were lost so far, by stage. */
  countsOf(source: () => Counts): void {
    this.#sources.push(source);
  }

  /** The counts. Stages that lost nothing are left out. */
  get counts(): Counts {
    return Object.fromEntries(this.#sources.flatMap((source) => Object.entries(source())).filter(([, count]) => count > 0));
  }
}
