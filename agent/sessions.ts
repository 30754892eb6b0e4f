/** The operators' own connections, which pass whatever the rules say; kept over a restart, so that it locks nobody out. */

import { join } from "node:path";

import { readOutsideNow } from "../config/outside-file.ts";
import { checkedSession, type OperatorSession } from "./control/session.ts";
import { Limit } from "./generated/layout.ts";
import { keepState, LARGEST_STATE } from "./state-file.ts";

export class SessionKeeper {
  readonly #path: string;
  #sessions: OperatorSession[];

  /** The directory must exist. */
  constructor(stateDirectory: string) {
    this.#path = join(stateDirectory, "sessions.json");
    this.#sessions = read(this.#path);
  }

  /** The latest, as many as the tables hold. */
  get all(): readonly OperatorSession[] {
    return this.#sessions;
  }

  admit(session: OperatorSession): void {
    const same = JSON.stringify(session);
    this.#sessions = [...this.#sessions.filter((known) => JSON.stringify(known) !== same), session].slice(-Limit.FAILSAFE_SESSIONS);
    keepState(this.#path, this.#sessions);
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
