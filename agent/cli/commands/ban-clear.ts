import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import { tellBans } from "../ban-change.ts";
import { confirmed } from "../confirm.ts";
import { count, counted } from "../../values/count.ts";
import { clientFor } from "../paths.ts";
import { print } from "../print.ts";
import { operatorSession } from "../own-session.ts";

export const command: Command = {
  usage: "ban clear [--yes] [--json] [--socket PATH]",
  about: "Lifts all bans. Asks first.",
  options: { yes: { about: "do not ask" }, json: JSON_OUTPUT, ...AGENT_OPTIONS },
  examples: [
    ["weir ban clear", "nobody is banned any more"],
    ["weir ban clear --yes --json", "for a script"],
  ],
  async run(call) {
    const client = await clientFor(call);
    if (!call.has("yes")) {
      const { bans } = await client.status();
      if (bans > 0 && !(await confirmed(`Lift ${bans === 1 ? "the only ban" : `all ${count(bans)} bans`}? [y/N] `, "lift all bans"))) {
        print("Nothing has changed.");
        return 1;
      }
    }
    const change = await client.deleteBans("all", operatorSession());
    tellBans(call, change, `Lifted ${counted(change.changed, "ban")}.`);
    return 0;
  },
};
