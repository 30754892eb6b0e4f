/**
 * The state directory keeps a copy of the configuration that was in force last, for root alone: a start that finds the
 * file refused goes on with it. SetLibrary keeps the lists of sets.
 */

import { createHash } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";

import { LARGEST_FILE } from "../agent/files/file.ts";
import { readOutside } from "../agent/files/outside-file.ts";
import { timesOf } from "../agent/files/watch.ts";

/** Each configuration has a copy of its own. */
export function lastGoodPath(stateDirectory: string, path: string): string {
  return join(stateDirectory, `last-good-${createHash("sha256").update(resolve(path)).digest("hex").slice(0, 10)}`);
}

export class LastGood {
  readonly #from: string;
  readonly #to: string;
  #failure: string | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(stateDirectory: string, path: string) {
    this.#from = path;
    this.#to = lastGoodPath(stateDirectory, path);
  }

  /** Says to the operator why there is no copy. */
  get trouble(): string[] {
    return this.#failure === undefined
      ? []
      : [`the configuration in force could not be kept for a start that finds the file refused: ${this.#failure}`];
  }

  /** Keeps what the file holds, unless it is another one than when it had these times: then a reload follows. */
  keep(times: string): Promise<void> {
    this.#last = this.#last
      .then(() => this.#copy(times))
      .then(
        () => (this.#failure = undefined),
        async (error: Error) => {
          this.#failure = error.message;
          await rm(this.#to, { force: true }).catch(() => {}); // an older one is not what was in force last
        },
      );
    return this.#last;
  }

  async #copy(times: string): Promise<void> {
    const { bytes } = await readOutside(this.#from, LARGEST_FILE);
    if ((await timesOf(this.#from)) !== times) return;
    const temporary = `${this.#to}.new`;
    {
      await using file = await open(temporary, "w", 0o600);
      await file.writeFile(bytes);
      await file.sync();
    }
    await rename(temporary, this.#to);
  }
}
