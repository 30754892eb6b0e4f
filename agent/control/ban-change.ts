/** Asks for bans, as many requests as it takes, and tells what came of it. */

import { printable } from "../../config/quote.ts";
import type { Call } from "./arguments.ts";
import { at, type Named } from "./ban-list.ts";
import type { ControlClient } from "./client.ts";
import { type BanChange, ControlError, MOST_NETWORKS, type Term } from "./contract.ts";
import { count } from "./format.ts";
import { note, print, printJson } from "./print.ts";
import type { OperatorSession } from "./session.ts";

const MOST_WARNINGS = 50;

/** All are checked before the first is banned. */
export async function banAll(client: ControlClient, named: readonly Named[], term: Term, session?: OperatorSession): Promise<BanChange> {
  const parts: Named[][] = [];
  for (let from = 0; from < named.length; from += MOST_NETWORKS) parts.push(named.slice(from, from + MOST_NETWORKS));
  const ask = async (part: readonly Named[], check_only: boolean): Promise<BanChange> => {
    try {
      return await client.addBans({ networks: part.map(({ text }) => text), check_only, ...term }, session);
    } catch (error) {
      throw placed(error, part);
    }
  };
  if (parts.length > 1) for (const part of parts) await ask(part, true);
  const whole: BanChange = { bans: 0, changed: 0, warnings: [] };
  let done = 0;
  for (const part of parts) {
    try {
      const { bans, changed, warnings, expires } = await ask(part, false);
      Object.assign(whole, { bans, changed: whole.changed + changed, ...(expires === undefined ? {} : { expires }) });
      whole.warnings.push(...warnings.slice(0, MOST_WARNINGS - whole.warnings.length));
    } catch (error) {
      if (done === 0 || !(error instanceof ControlError)) throw error;
      const { message, status, details, next } = error;
      throw new ControlError(`${message} The first ${count(done)} of the list are banned, the others are not.`, { status, details, next, cause: error });
    }
    done += part.length;
  }
  return whole;
}

export function tellBans(call: Call, change: BanChange, what: string): void {
  if (call.has("json")) return printJson(change);
  print(`${what} ${change.bans === 1 ? "1 ban is" : `${count(change.bans)} bans are`} in force.`);
  for (const warning of change.warnings) note(`warning: ${printable(warning, 1000)}`);
}

/** What is refused, with the line of the list. */
function placed(error: unknown, named: readonly Named[]): unknown {
  if (!(error instanceof ControlError) || error.details.length === 0) return error;
  const { message, next, status, cause } = error;
  const whereIs = new Map(named.map((one) => [printable(one.text), at(one)]));
  const details = error.details.map((detail) => {
    const [text = ""] = detail.split(/: /, 1);
    const where = whereIs.get(text);
    return where === undefined ? detail : where + detail.slice(text.length);
  });
  return new ControlError(message, { next, status, details, cause });
}
