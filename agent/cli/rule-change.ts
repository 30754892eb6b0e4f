/** Prints the result of a change of the rules. */

import { printable } from "../values/quote.ts";
import type { Call } from "./arguments.ts";
import type { RuleChange } from "../service/contract.ts";
import { counted } from "../values/count.ts";
import { note, print, printJson } from "./print.ts";
import { inFlag } from "./rule-flags.ts";

export function tellChange(call: Call, change: RuleChange, what: string): void {
  if (call.has("json")) return printJson(change);
  const named = change.rules.map(({ id, name }) => (id === name ? id : `${id} (${printable(name)})`)).join(", ");
  print(
    `${change.rules.length === 0 ? "No rule had been added by command." : `${what}: ${named}.`} ${counted(change.loaded, "rule is", "rules are")} in force (generation ${change.generation}).`,
  );
  for (const warning of change.warnings) note(`warning: ${printable(inFlag(warning), 1000)}`);
}
