import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import { clientFor } from "../paths.ts";
import { tellChange } from "../rule-change.ts";
import { operatorSession } from "../own-session.ts";

const MOST = 1000;

export const command: Command = {
  usage: "rule delete ID... [--json] [--socket PATH]",
  about:
    "Deletes rules that were added by command. If one of the ids does not exist, none is deleted. To delete a rule of the " +
    "file, edit the file.",
  options: { json: JSON_OUTPUT, ...AGENT_OPTIONS },
  words: [1, MOST],
  examples: [
    ["weir rule delete d3", "the rule with this id"],
    ["weir rule delete d3 d4 d7", "several in one change"],
  ],
  async run(call) {
    const client = await clientFor(call);
    tellChange(call, await client.deleteRules(call.words, operatorSession()), "Deleted");
    return 0;
  },
};
