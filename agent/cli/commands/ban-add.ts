import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import { banAll, tellBans } from "../ban-change.ts";
import { namedBy } from "../ban-list.ts";
import { counted } from "../../values/count.ts";
import { termOf } from "../moment.ts";
import { clientFor } from "../paths.ts";
import { note } from "../print.ts";
import { operatorSession } from "../own-session.ts";

const MOST = 1000;

export const command: Command = {
  usage: "ban add ADDRESS... | --file LIST [--for DURATION | --until TIME] [--reason TEXT] [--json] [--socket PATH]",
  about:
    "Bans addresses, prefixes and ranges. Packets from and to them are dropped in prevent mode and reported in detect mode, " +
    "before any rule is tried. A ban is kept over restarts and ends on time, even if the agent is dead. An address that is " +
    "banned already gets the new end and reason. You cannot ban loopback, all addresses at once, the addresses in " +
    "bans.except and failsafe.addresses, or the address of your own SSH connection.",
  options: {
    file: { value: "LIST", about: "ban the addresses in this file, one on each line; # begins a comment" },
    for: { value: "DURATION", about: "how long: 90s, 10m, 2h, 7d; without it, until you lift the ban" },
    until: { value: "TIME", about: "or until when: 2026-11-21T03:00Z" },
    reason: { value: "TEXT", about: "why, for `weir ban list` and the audit log" },
    json: JSON_OUTPUT,
    ...AGENT_OPTIONS,
  },
  words: [0, MOST],
  examples: [
    ["weir ban add 192.0.2.7 --for 10m --reason 'guesses passwords'", "for ten minutes"],
    ["weir ban add 198.51.100.0/24 2001:db8:7::/48", "two networks, until somebody lifts it"],
    ["weir ban add --file feed.txt --for 1d", "a whole list, for a day"],
  ],
  async run(call) {
    const term = termOf(call);
    const named = namedBy(call, call.words, "the addresses to ban");
    const client = await clientFor(call);
    const change = await banAll(client, named, term, operatorSession());
    tellBans(
      call,
      change,
      `Banned ${named.length === 1 ? named[0]!.text : counted(named.length, "network")}${change.expires === undefined ? "" : ` until ${change.expires}`}.`,
    );
    if (!call.has("json") && (await client.status()).mode === "detect")
      note("The mode is detect: it drops nothing until `weir mode prevent`.");
    return 0;
  },
};
