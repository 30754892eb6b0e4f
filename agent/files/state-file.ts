/**
 * Keeps files in the state directory. A file is written whole or not at all, only root may read it, and it is on the disk before
 * anything relies on it.
 */

import { open, rename } from "node:fs/promises";

/** Files of the state directory that hold a few facts are read up to this size. */
export const LARGEST_STATE = 1 << 20;

/** A disk that takes longer than this counts as one that does not answer. */
const SILENCE_MS = 1000;

/** Keeps the latest state in one file, while the caller goes on. */
export class StateFile {
  readonly #path: string;
  #last: Promise<unknown> = Promise.resolve();
  #failure: string | undefined;
  /** The time at which the state was given that is not on the disk yet; undefined while the disk has everything. */
  #since: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The reason why the disk does not have the latest state; undefined while it has. */
  get trouble(): string | undefined {
    if (this.#failure !== undefined) return this.#failure;
    return this.#since !== undefined && performance.now() - this.#since > SILENCE_MS
      ? `${this.#path} cannot be written: the disk does not answer`
      : undefined;
  }

  /** Resolves once everything that was given is on the disk, or was refused. */
  get settled(): Promise<unknown> {
    return this.#last;
  }

  /** Writes a state. The promise rejects if the disk refuses it. */
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
