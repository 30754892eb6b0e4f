/** Whoever commands the agent over a connection keeps that connection. */

import type { SessionKeeper } from "../enforce/sessions.ts";
import type { Caller } from "./contract.ts";

/** Puts the caller's own connection under the failsafe, from the next rules on. Returns false if the caller has none. */
export function admit(sessions: SessionKeeper, { session }: Caller): boolean {
  if (session !== undefined) sessions.admit(session).catch(() => {}); // health says so
  return session !== undefined;
}
