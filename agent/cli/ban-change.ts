/** Sends bans to the agent, and prints the result. */

import { printable } from "../values/quote.ts";
import type { Call } from "./arguments.ts";
import type { ListedNetwork } from "./ban-list.ts";
import type { ControlClient } from "../api/client.ts";
import type { BanChange } from "../service/contract.ts";
import { counted } from "../values/count.ts";
import { inPortions } from "./in-portions.ts";
import { note, print, printJson } from "./print.ts";
import type { Term } from "./moment.ts";
import type { OperatorSession } from "../values/session.ts";

/** All networks are checked before the first is banned. */
export function banAll(client: ControlClient, named: readonly ListedNetwork[], term: Term, session?: OperatorSession): Promise<BanChange> {
  const ask =
    (check_only: boolean) =>
    (networks: string[]): Promise<BanChange> =>
      client.addBans({ networks, check_only, ...term }, session);
  return inPortions(named, ask(false), { check: ask(true), done: "banned" });
}

export function tellBans(call: Call, change: BanChange, what: string): void {
  if (call.has("json")) return printJson(change);
  print(`${what} ${counted(change.bans, "ban is", "bans are")} in force.`);
  for (const warning of change.warnings) note(`warning: ${printable(warning, 1000)}`);
}
