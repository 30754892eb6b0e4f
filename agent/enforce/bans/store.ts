/** Keeps in the state directory who is banned, and by whose order. */

import { join } from "node:path";

import type { Clock } from "../dynamic/clock.ts";
import { NetworkStore } from "../networks/store.ts";

export class BanStore extends NetworkStore {
  /** The directory must exist. Call `rewriteIfDue` afterwards. */
  constructor(stateDirectory: string, clock?: Clock) {
    super({
      path: join(stateDirectory, "bans.journal"),
      kind: "bans",
      lost: { what: "no earlier ban is in force", next: "add again the bans that you need" },
      clock,
    });
  }
}
