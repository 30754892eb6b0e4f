/** Takes back what a start has done, if it fails before it is complete. */

export class Undo {
  readonly #warn: (sentence: string) => void;
  #steps: (() => void)[] = [];

  constructor(warn: (sentence: string) => void) {
    this.#warn = warn;
  }

  /** Adds a step that takes back what is about to be done. */
  add(step: () => void): void {
    this.#steps.push(step);
  }

  /** The start is complete: nothing is taken back any more. */
  forget(): void {
    this.#steps = [];
  }

  /** Takes everything back, the last step first. A step that fails keeps no other from being taken. */
  run(): void {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        step();
      } catch (error) {
        this.#warn(`a part of the failed start stays in the kernel: ${(error as Error).message}; weir detach removes it`);
      }
    }
  }
}
