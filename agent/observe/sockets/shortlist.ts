/** Keeps the first rows of very many, in an order, without having all of them at once. */

export class Shortlist<Ranked, Row extends Ranked> {
  readonly #limit: number;
  readonly #compare: (a: Ranked, b: Ranked) => number;
  #rows: Row[] = [];
  /** No row behind this one can be among the first. */
  #last: Row | undefined;

  constructor(limit: number, compare: (a: Ranked, b: Ranked) => number) {
    this.#limit = limit;
    this.#compare = compare;
  }

  /** Returns whether a row with this rank can be among them. */
  mayHold(like: Ranked): boolean {
    return this.#last === undefined || this.#compare(like, this.#last) < 0;
  }

  add(row: Row): void {
    this.#rows.push(row);
    if (this.#rows.length === 2 * this.#limit) this.#last = this.rows.at(-1)!;
  }

  get rows(): Row[] {
    this.#rows = this.#rows.sort(this.#compare).slice(0, this.#limit);
    return this.#rows;
  }
}
