/**
 * Lists of lines by the tag of their key, in arrays of numbers. A hundred thousand lists are made and discarded at each load. The
 * lines of a list are chained into a ring, and the list holds the last line. Tags keep the order in which they came.
 */

const FEWEST = 16;

/** The next line of each line in its list. All lists that a line may move between share it. */
export interface Chain {
  next: Int32Array;
}

export class Lists {
  readonly #chain: Chain;
  /** The number of tags there ever were. Some may have no lines any more. */
  size = 0;
  #tags = new Uint32Array(FEWEST);
  #lasts = new Int32Array(FEWEST);
  #counts = new Int32Array(FEWEST);
  /** A hash table with open addressing: 1 + the place of a tag, or 0. */
  #places = new Int32Array(2 * FEWEST);

  constructor(chain: Chain) {
    this.#chain = chain;
  }

  tag(place: number): number {
    return this.#tags[place]!;
  }

  count(place: number): number {
    return this.#counts[place]!;
  }

  /** Returns the place of a tag; -1 if there is none. */
  find(tag: number): number {
    return this.#places[this.#home(tag)]! - 1;
  }

  /** Appends a line to the list of this tag, and returns the list's place. */
  add(tag: number, line: number): number {
    const place = this.#place(tag);
    if (line >= this.#chain.next.length) this.#chain.next = enlarge(this.#chain.next, new Int32Array(2 * line));
    this.#chain.next[line] = line;
    this.#join(place, line, 1);
    return place;
  }

  /** Moves all lines of another's list to the end of the list with the same tag. */
  take(other: Lists, place: number): void {
    if (other.#counts[place] === 0) return;
    this.#join(this.#place(other.#tags[place]!), other.#lasts[place]!, other.#counts[place]!);
    other.clear(place);
  }

  clear(place: number): void {
    this.#counts[place] = 0;
  }

  replace(place: number, lines: readonly number[]): void {
    this.clear(place);
    for (const line of lines) {
      this.#chain.next[line] = line;
      this.#join(place, line, 1);
    }
  }

  first(place: number): number {
    return this.#chain.next[this.#lasts[place]!]!;
  }

  /** Returns the line after `line`, which is in this list; -1 after the last one. */
  after(place: number, line: number): number {
    return line === this.#lasts[place] ? -1 : this.#chain.next[line]!;
  }

  lines(place: number): number[] {
    const lines: number[] = [];
    if (this.#counts[place] === 0) return lines;
    for (let line = this.first(place); line >= 0; line = this.after(place, line)) lines.push(line);
    return lines;
  }

  /** Visits each line of all lists. */
  forEach(visit: (line: number) => void): void {
    for (let place = 0; place < this.size; place++) {
      if (this.#counts[place] === 0) continue;
      for (let line = this.first(place); line >= 0; line = this.after(place, line)) visit(line);
    }
  }

  #join(place: number, last: number, count: number): void {
    if (this.#counts[place]! > 0) {
      const { next } = this.#chain;
      const before = this.#lasts[place]!;
      const first = next[before]!;
      next[before] = next[last]!;
      next[last] = first;
    }
    this.#lasts[place] = last;
    this.#counts[place]! += count;
  }

  #place(tag: number): number {
    const home = this.#home(tag);
    if (this.#places[home] !== 0) return this.#places[home]! - 1;
    if (this.size === this.#tags.length) {
      this.#grow();
      return this.#place(tag);
    }
    this.#tags[this.size] = tag;
    this.#places[home] = ++this.size;
    return this.size - 1;
  }

  #home(tag: number): number {
    const mask = this.#places.length - 1;
    let home = Math.imul(tag, 0x9e3779b1) >>> 7;
    for (; ; home++) {
      const found = this.#places[home & mask]!;
      if (found === 0 || this.#tags[found - 1] === tag) return home & mask;
    }
  }

  #grow(): void {
    this.#tags = enlarge(this.#tags, new Uint32Array(2 * this.size));
    this.#lasts = enlarge(this.#lasts, new Int32Array(2 * this.size));
    this.#counts = enlarge(this.#counts, new Int32Array(2 * this.size));
    this.#places = new Int32Array(4 * this.size);
    for (let place = 0; place < this.size; place++) this.#places[this.#home(this.#tags[place]!)] = place + 1;
  }
}

function enlarge<T extends Uint32Array | Int32Array>(array: T, larger: T): T {
  larger.set(array);
  return larger;
}
