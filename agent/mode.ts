/**
 * Which mode holds. A mode set by command holds until the file's own mode changes, also over a restart; so both
 * are kept in the state directory.
 */

import { join } from "node:path";

import type { Mode } from "./events/snapshot.ts";
import { readOutsideNow } from "../config/outside-file.ts";
import { keepState, LARGEST_STATE } from "./state-file.ts";

interface Kept {
  /** The file's mode when the command came. */
  file: Mode;
  command: Mode;
}

export class ModeKeeper {
  readonly #path: string;
  #kept: Kept | undefined;

  /** The directory must exist. */
  constructor(stateDirectory: string) {
    this.#path = join(stateDirectory, "mode.json");
    this.#kept = read(this.#path);
  }

  /** The mode in force when the file says `file`. */
  resolve(file: Mode): Mode {
    return this.#kept?.file === file ? this.#kept.command : file;
  }

  /** Keeps what was commanded, durably, before it takes effect. */
  command(mode: Mode, file: Mode): void {
    this.#kept = { file, command: mode };
    keepState(this.#path, this.#kept);
  }
}

function read(path: string): Kept | undefined {
  try {
    const kept = JSON.parse(readOutsideNow(path, LARGEST_STATE).toString()) as Partial<Kept>;
    const isMode = (mode: unknown): mode is Mode => mode === "detect" || mode === "prevent";
    return isMode(kept.file) && isMode(kept.command) ? { file: kept.file, command: kept.command } : undefined;
  } catch {
    return undefined; // none was kept, or it is damaged: the file's own mode holds
  }
}
