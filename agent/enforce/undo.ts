/** Reverts the steps of a start that fails before it is complete. */

export class Undo {
  readonly #warn: (sentence: string) => void;
  #steps: (() => void)[] = [];

  constructor(warn: (sentence: string) => void) {
    this.#warn = warn;
  }

  /** Adds a step that reverts what is about to be done. */
  add(step: () => void): void {
    this.#steps.push(step);
  }

  /** Forgets the steps: the start is complete, and nothing is reverted any more. */
  forget(): void {
    this.#steps = [];
  }

  /** Reverts everything, the last step first. A step that fails does not stop the others. */
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
