import { AGENT_OPTIONS, type Command, JSON_OUTPUT, UsageError } from "../arguments.ts";
import { clientFor } from "../paths.ts";
import { tellChange } from "../rule-change.ts";
import { POSITION_OPTIONS, positionOf } from "../rule-flags.ts";
import { operatorSession } from "../own-session.ts";

export const command: Command = {
  usage: "rule move ID --before ID|--first|--last [--json] [--socket PATH]",
  about:
    "Moves a rule that was added by command among the other rules of its kind; its counters go with it. The first rule that " +
    "matches decides, so the order matters where rules overlap.",
  options: { ...POSITION_OPTIONS, json: JSON_OUTPUT, ...AGENT_OPTIONS },
  words: [1, 1],
  examples: [
    ["weir rule move d4 --first", "try it before all others"],
    ["weir rule move d4 --before d2", "try it before this one"],
  ],
  async run(call) {
    const place = positionOf(call);
    if (place === undefined) throw new UsageError("name the new place: --before ID, --first or --last");
    const client = await clientFor(call);
    tellChange(call, await client.moveRule(call.words[0]!, place, operatorSession()), "Moved");
    return 0;
  },
};
