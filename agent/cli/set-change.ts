/** Prints the result of a change of a set. */

import { printable } from "../values/quote.ts";
import type { Call } from "./arguments.ts";
import type { SetChange } from "../service/contract.ts";
import { counted } from "../values/count.ts";
import { note, print, printJson } from "./print.ts";

export function tellSet(call: Call, change: SetChange, what: string): void {
  if (call.has("json")) return printJson(change);
  print(`${what} It has ${counted(change.members, "member")}.`);
  for (const warning of change.warnings) note(`warning: ${printable(warning, 1000)}`);
}
