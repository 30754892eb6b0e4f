import { printable } from "../../values/quote.ts";
import { AGENT_OPTIONS, type Command, JSON_OUTPUT, UsageError } from "../arguments.ts";
import { called, namedBy } from "../ban-list.ts";
import { counted } from "../../values/count.ts";
import { inPortions } from "../in-portions.ts";
import { clientFor } from "../paths.ts";
import { operatorSession } from "../own-session.ts";
import { tellSet } from "../set-change.ts";

const MOST = 1001;

export const command: Command = {
  usage: "set remove NAME ADDRESS... | NAME --file LIST | NAME --all [--json] [--socket PATH]",
  about:
    "Removes from a set what `weir set add` added, each named as it was added. If one of them was not added, none is " +
    "removed. Remove entries of the configuration or of the set's file there.",
  options: {
    file: { value: "LIST", about: "remove the addresses in this file, one on each line; # begins a comment" },
    all: { about: "remove all that was added by command" },
    json: JSON_OUTPUT,
    ...AGENT_OPTIONS,
  },
  words: [1, MOST],
  examples: [
    ["weir set remove partners 192.0.2.7", "one"],
    ["weir set remove guests --all", "everything that was added by command"],
  ],
  async run(call) {
    const [name = "", ...words] = call.words;
    if (call.has("all") && (words.length > 0 || call.has("file"))) throw new UsageError("--all does not go with addresses or --file");
    const client = await clientFor(call);
    if (call.has("all")) {
      const change = await client.removeMembers(name, "all", operatorSession());
      tellSet(call, change, `Removed ${counted(change.changed, "member")} from the set ${printable(name)}.`);
      return 0;
    }
    const named = namedBy(call, words, "the addresses to remove");
    const change = await inPortions(named, (networks) => client.removeMembers(name, networks, operatorSession()), { done: "removed" });
    tellSet(call, change, `Removed ${called(named)} from the set ${printable(name)}.`);
    return 0;
  },
};
