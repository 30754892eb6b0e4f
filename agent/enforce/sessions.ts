/** The operators' own connections, which pass whatever the rules say; kept over a restart, so that it locks nobody out. */

import { join } from "node:path";

import { readOutsideNow } from "../files/outside-file.ts";
import { checkedSession, type OperatorSession } from "../values/session.ts";
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

  /** The latest, as many as the tables hold. */
  get all(): readonly OperatorSession[] {
    return this.#sessions;
  }

  /** For the operator. */
  get trouble(): string[] {
    const why = this.#file.trouble;
    return why === undefined ? [] : [`the operators' sessions pass, and a restart would not know of them: ${why}`];
  }

  /** Holds from the next rules on, and is kept for a restart when the promise says so; `trouble` tells what is not. */
  admit(session: OperatorSession): Promise<void> {
    const same = JSON.stringify(session);
    this.#sessions = [...this.#sessions.filter((known) => JSON.stringify(known) !== same), session].slice(-Limit.FAILSAFE_SESSIONS);
    return this.#file.keep(this.#sessions);
  }
}

function read(path: string): OperatorSession[] {
  try {
    const kept: unknown = JSON.parse(readOutsideNow(path, LARGEST_STATE).toString());
    return Array.isArray(kept) ? kept.slice(-Limit.FAILSAFE_SESSIONS).map(checkedSession) : [];
  } catch {
    return []; // none was kept, or it is damaged
  }
}
