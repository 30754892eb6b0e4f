/** Numbers events in the order in which they are reported. */
export class Sequence {
  #last = 0;

  next(): number {
    return ++this.#last;
  }
}
