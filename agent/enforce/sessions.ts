/** Keeps the operators' own connections, which pass whatever the rules are. They are kept over a restart, so that it locks nobody out. */

import { join } from "node:path";

import { readOutsideNow } from "../files/outside-file.ts";
import { isSession, type OperatorSession } from "../values/session.ts";
import { Limit } from "../generated/layout.ts";
import { LARGEST_STATE, StateFile } from "../files/state-file.ts";

export class SessionKeeper {
  readonly #file: StateFile;
  #sessions: OperatorSession[];

  /** The directory must exist. */
  constructor(stateDirectory: string) {
    const path = join(stateDirectory, "sessions.json");
    this.#file = new StateFile(path);
    this.#sessions = read(path);
  }

  /** The latest sessions, as many as the tables hold. */
  get all(): readonly OperatorSession[] {
    return this.#sessions;
  }

  /** Sentences for the operator. */
  get trouble(): string[] {
    const why = this.#file.trouble;
    return why === undefined ? [] : [`the operators' sessions pass, but a restart would forget them: ${why}`];
  }

  /**
   * Adds a session. It holds from the next rules on. The promise resolves once it is kept for a restart; `trouble` tells if it is
   * not.
   */
  admit(session: OperatorSession): Promise<void> {
    const same = JSON.stringify(session);
    this.#sessions = [...this.#sessions.filter((known) => JSON.stringify(known) !== same), session].slice(-Limit.FAILSAFE_SESSIONS);
    return this.#file.keep(this.#sessions);
  }
}

function read(path: string): OperatorSession[] {
  try {
    const kept: unknown = JSON.parse(readOutsideNow(path, LARGEST_STATE).toString());
    return Array.isArray(kept) && kept.every(isSession) ? kept.slice(-Limit.FAILSAFE_SESSIONS) : [];
  } catch {
    return []; // none was kept, or it is damaged
  }
}
