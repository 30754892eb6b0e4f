/** Runs changes one after the other, whether or not the previous one succeeded. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change);
    this.#last = result.catch(() => {}); // the caller gets the error
    return result;
  }
}
