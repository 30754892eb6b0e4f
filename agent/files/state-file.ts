/** What is kept in the state directory: whole or not at all, for root alone, on the disk before anything relies on it. */

import { open, rename } from "node:fs/promises";

/** Files of the state directory that hold a few facts are read up to this size. */
export const LARGEST_STATE = 1 << 20;

/** A disk that takes its time counts as one that does not answer. */
const SILENCE_MS = 1000;

/** Keeps the latest state of one file, while whoever changes it goes on. */
export class StateFile {
  readonly #path: string;
  #last: Promise<unknown> = Promise.resolve();
  #failure: string | undefined;
  /** When the state was given that is not on the disk yet; undefined where all is. */
  #since: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Why the disk does not have the latest state; undefined where it has. */
  get trouble(): string | undefined {
    if (this.#failure !== undefined) return this.#failure;
    return this.#since !== undefined && performance.now() - this.#since > SILENCE_MS
      ? `${this.#path} cannot be written: the disk does not answer`
      : undefined;
  }

  /** When all that was given is on the disk, or refused. */
  get settled(): Promise<unknown> {
    return this.#last;
  }

  /** Rejects where the disk refuses. */
  keep(state: unknown): Promise<void> {
    const text = textOf(state);
    const since = (this.#since = performance.now());
    const kept = this.#last.then(() => this.#write(text));
    this.#last = kept.then(
      () => {
        this.#failure = undefined;
        if (this.#since === since) this.#since = undefined;
      },
      (error: Error) => (this.#failure = `${this.#path} cannot be written: ${error.message}`),
    );
    return kept;
  }

  async #write(text: string): Promise<void> {
    const temporary = `${this.#path}.new`;
    {
      await using file = await open(temporary, "w", 0o600);
      await file.writeFile(text);
      await file.sync();
    }
    await rename(temporary, this.#path);
  }
}

function textOf(state: unknown): string {
  return `${JSON.stringify(state)}\n`;
}
