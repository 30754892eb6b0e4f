/** Numbers events in the order in which they are told. */
export class Sequence {
  #last = 0;

  next(): number {
    return ++this.#last;
  }
}
