import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import { confirmed } from "../confirm.ts";
import { count } from "../../values/count.ts";
import { clientFor } from "../paths.ts";
import { print } from "../print.ts";
import { tellChange } from "../rule-change.ts";
import { operatorSession } from "../own-session.ts";

export const command: Command = {
  usage: "rule clear [--yes] [--json] [--socket PATH]",
  about: "Deletes all rules that were added by command. Those of the file stay. Asks first.",
  options: { yes: { about: "do not ask" }, json: JSON_OUTPUT, ...AGENT_OPTIONS },
  examples: [
    ["weir rule clear", "back to what the file says"],
    ["weir rule clear --yes --json", "for a script"],
  ],
  async run(call) {
    const client = await clientFor(call);
    if (!call.has("yes")) {
      const dynamic = (await client.rules()).filter((row) => row.dynamic !== undefined);
      if (
        dynamic.length > 0 &&
        !(await confirmed(
          `Delete ${dynamic.length === 1 ? "the only dynamic rule" : `all ${count(dynamic.length)} dynamic rules`}? [y/N] `,
          "delete all dynamic rules",
        ))
      ) {
        print("Nothing has changed.");
        return 1;
      }
    }
    tellChange(call, await client.deleteRules("all", operatorSession()), "Deleted");
    return 0;
  },
};
