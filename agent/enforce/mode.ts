/**
 * Decides which mode holds. A mode set by command holds until the file's own mode changes, also over a restart, so both are kept
 * in the state directory.
 */

import { join } from "node:path";

import type { Mode } from "../values/traffic.ts";
import { readOutsideNow } from "../files/outside-file.ts";
import { LARGEST_STATE, StateFile } from "../files/state-file.ts";

interface Kept {
  /** The mode of the file at the time of the command. */
  file: Mode;
  command: Mode;
}

export class ModeKeeper {
  readonly #file: StateFile;
  #kept: Kept | undefined;

  /** The directory must exist. */
  constructor(stateDirectory: string) {
    const path = join(stateDirectory, "mode.json");
    this.#file = new StateFile(path);
    this.#kept = read(path);
  }

  /** Returns the mode in force if the mode of the file is `file`. */
  resolve(file: Mode): Mode {
    return this.#kept?.file === file ? this.#kept.command : file;
  }

  /**
   * Sets the mode by command. It holds at once. The promise resolves when the command is on the disk, and rejects if the disk
   * refuses it. A command of prevent that was refused does not hold, so that no later change of rules switches to prevent.
   */
  async command(mode: Mode, file: Mode): Promise<void> {
    const before = this.#kept;
    const kept = (this.#kept = { file, command: mode });
    try {
      await this.#file.keep(kept);
    } catch (error) {
      if (mode === "prevent" && this.#kept === kept) this.#kept = before;
      throw error;
    }
  }

  /** Sentences for the operator. */
  get trouble(): string[] {
    const why = this.#file.trouble;
    return why === undefined
      ? []
      : [
          `${this.#kept === undefined ? "the mode of the file holds, and no mode set by command can be kept" : `the mode ${this.#kept.command} holds, but a restart would forget it`}: ${why}`,
        ];
  }
}

function read(path: string): Kept | undefined {
  try {
    const kept = JSON.parse(readOutsideNow(path, LARGEST_STATE).toString()) as Partial<Kept>;
    const isMode = (mode: unknown): mode is Mode => mode === "detect" || mode === "prevent";
    return isMode(kept.file) && isMode(kept.command) ? { file: kept.file, command: kept.command } : undefined;
  } catch {
    return undefined; // if none was kept, or it is damaged, the file's own mode holds
  }
}
