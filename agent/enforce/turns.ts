/** Changes, one after the other, whatever came of the one before. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change);
    this.#last = result.catch(() => {}); // told to whoever asked for it
    return result;
  }
}
