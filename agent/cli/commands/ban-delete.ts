import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import { tellBans } from "../ban-change.ts";
import { called, namedBy } from "../ban-list.ts";
import { inPortions } from "../in-portions.ts";
import { clientFor } from "../paths.ts";
import { operatorSession } from "../own-session.ts";

const MOST = 1000;

export const command: Command = {
  usage: "ban delete ADDRESS... | --file LIST [--json] [--socket PATH]",
  about: "Lifts bans, each named as it was added. If one of them does not exist, none is lifted.",
  options: {
    file: { value: "LIST", about: "lift the bans of the addresses in this file, one on each line; # begins a comment" },
    json: JSON_OUTPUT,
    ...AGENT_OPTIONS,
  },
  words: [0, MOST],
  examples: [
    ["weir ban delete 192.0.2.7", "one"],
    ["weir ban delete 198.51.100.0/24 2001:db8:7::/48", "several at once"],
    ["weir ban delete --file feed.txt", "a whole list"],
  ],
  async run(call) {
    const named = namedBy(call, call.words, "the addresses whose bans to lift");
    const client = await clientFor(call);
    const change = await inPortions(named, (networks) => client.deleteBans(networks, operatorSession()), { done: "lifted" });
    tellBans(call, change, `Lifted ${named.length === 1 ? "the ban" : "the bans"} of ${called(named)}.`);
    return 0;
  },
};
