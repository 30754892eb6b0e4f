/** Who is banned, by whose order, kept in the state directory. */

import { join } from "node:path";

import type { Clock } from "../dynamic/clock.ts";
import { NetworkStore } from "../networks/store.ts";

export class BanStore extends NetworkStore {
  /** The directory must exist. `rewriteIfDue` must follow. */
  constructor(stateDirectory: string, clock?: Clock) {
    super({
      path: join(stateDirectory, "bans.journal"),
      kind: "bans",
      lost: { what: "no ban of before is in force", next: "ban again whom you need" },
      clock,
    });
  }
}
