import { printable } from "../../values/quote.ts";
import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import { count, counted } from "../../values/count.ts";
import { clientFor } from "../paths.ts";
import { note, print, printJson } from "../print.ts";
import { operatorSession } from "../own-session.ts";

export const command: Command = {
  usage: "reload [--json] [--socket PATH]",
  about:
    "Makes the agent read its configuration again, which it also does by itself when the file is saved. If the file has a " +
    "problem, nothing changes: the last good rules stay in force, all problems are printed, and the exit code is 2.",
  options: { json: JSON_OUTPUT, ...AGENT_OPTIONS },
  examples: [
    ["weir reload", "read the file again, now"],
    ["weir check weir.yaml && weir reload", "look first"],
  ],
  async run(call) {
    const result = await (await clientFor(call)).reload(operatorSession());
    if (call.has("json")) {
      printJson(result);
      return 0;
    }
    print(
      `${counted(result.rules.loaded, "rule is", "rules are")} in force, ${count(result.rules.enforced)} of them enforced (generation ${result.generation}).`,
    );
    for (const warning of result.warnings) note(`warning: ${printable(warning, 1000)}`);
    return 0;
  },
};
