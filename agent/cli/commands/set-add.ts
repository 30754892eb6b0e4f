import { printable } from "../../values/quote.ts";
import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import { called, namedBy } from "../ban-list.ts";
import type { SetChange } from "../../service/contract.ts";
import { inPortions } from "../in-portions.ts";
import { termOf } from "../moment.ts";
import { clientFor } from "../paths.ts";
import { operatorSession } from "../own-session.ts";
import { tellSet } from "../set-change.ts";

const MOST = 1001;

export const command: Command = {
  usage: "set add NAME ADDRESS... | NAME --file LIST [--for DURATION | --until TIME] [--reason TEXT] [--json] [--socket PATH]",
  about:
    "Adds addresses, prefixes and ranges to a set, beside those that the configuration and the set's file hold. Rules that " +
    "use the set match them at once, also in open connections. They are kept over restarts and end on time, even if the " +
    "agent is dead. An address that was added already gets the new end and reason.",
  options: {
    file: { value: "LIST", about: "add the addresses in this file, one on each line; # begins a comment" },
    for: { value: "DURATION", about: "how long: 90s, 10m, 2h, 7d; without it, as long as the set's ttl, or for ever" },
    until: { value: "TIME", about: "or until when: 2026-11-21T03:00Z" },
    reason: { value: "TEXT", about: "why, for `weir set list` and the audit log" },
    json: JSON_OUTPUT,
    ...AGENT_OPTIONS,
  },
  words: [1, MOST],
  examples: [
    ["weir set add partners 192.0.2.7 2001:db8:7::/48", "until somebody removes them"],
    ["weir set add guests 198.51.100.9 --for 8h --reason 'visits us'", "for a working day"],
    ["weir set add feed --file feed.txt", "a whole list"],
  ],
  async run(call) {
    const [name = "", ...words] = call.words;
    const term = termOf(call);
    const named = namedBy(call, words, "the addresses to add");
    const client = await clientFor(call);
    const ask =
      (check_only: boolean) =>
      (networks: string[]): Promise<SetChange> =>
        client.addMembers({ set: name, networks, check_only, ...term }, operatorSession());
    const change = await inPortions(named, ask(false), { check: ask(true), done: "added" });
    tellSet(
      call,
      change,
      `Added ${called(named)} to the set ${printable(name)}${change.expires === undefined ? "" : ` until ${change.expires}`}.`,
    );
    return 0;
  },
};
