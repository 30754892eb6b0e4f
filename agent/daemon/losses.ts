/** Each stage after the ring counts the events that it loses; here the counts come together. */

type Counts = Record<string, number>;

export class Losses {
  readonly #sources: (() => Counts)[] = [];

  /** `source` answers how many were lost so far, by stage. */
  countsOf(source: () => Counts): void {
    this.#sources.push(source);
  }

  /** Stages that lost nothing are left out. */
  get counts(): Counts {
    return Object.fromEntries(this.#sources.flatMap((source) => Object.entries(source())).filter(([, count]) => count > 0));
  }
}
