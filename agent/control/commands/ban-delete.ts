import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import { tellBans } from "../ban-change.ts";
import { namesOn } from "../ban-list.ts";
import { clientFor } from "../paths.ts";
import { operatorSession } from "../session.ts";

const MOST = 1000;

export const command: Command = {
  usage: "ban delete ADDRESS... [--json] [--socket PATH]",
  about: "Lifts bans: all that are named, as they were banned, or none where one does not exist.",
  options: { json: JSON_OUTPUT, ...AGENT_OPTIONS },
  words: [1, MOST],
  examples: [
    ["weir ban delete 192.0.2.7", "one"],
    ["weir ban delete 198.51.100.0/24 2001:db8:7::/48", "several at once"],
  ],
  async run(call) {
    const named = namesOn(call.words);
    const change = await (await clientFor(call)).deleteBans(named.map(({ text }) => text), operatorSession());
    tellBans(call, change, `Lifted the ban of ${call.words.join(", ")}.`);
    return 0;
  },
};
