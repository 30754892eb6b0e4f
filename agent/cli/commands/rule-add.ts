import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import { termOf } from "../moment.ts";
import { clientFor } from "../paths.ts";
import { note } from "../print.ts";
import { tellChange } from "../rule-change.ts";
import { inFlags, POSITION_OPTIONS, positionOf, RULE_OPTIONS, ruleOf } from "../rule-flags.ts";
import { operatorSession } from "../own-session.ts";

export const command: Command = {
  usage: "rule add --action allow|block [--src LIST] [--dst LIST] [--port LIST] [--proto NAME] [...] [--for DURATION]",
  about:
    "Adds a rule that is in force at once, before all rules of the file. It is checked as a rule of the file is, and kept " +
    "over restarts until you delete it or it expires; the file stays as it is. A condition that you leave out matches " +
    "anything. A block rule drops if it has --enforce and the mode is prevent; otherwise it reports. A failsafe for your " +
    "own SSH connection is added.",
  options: {
    ...RULE_OPTIONS,
    for: { value: "DURATION", about: "how long it is in force: 90s, 10m, 2h, 7d; without it, until you delete it" },
    until: { value: "TIME", about: "or until when: 2026-11-21T03:00Z" },
    reason: { value: "TEXT", about: "why, for `weir rule list` and the audit log" },
    ...POSITION_OPTIONS,
    json: JSON_OUTPUT,
    ...AGENT_OPTIONS,
  },
  examples: [
    [
      "weir rule add --src 203.0.113.0/24 --dst 198.51.100.7 --port 80 --proto tcp --action block --enforce --for 10m",
      "keep a network from one port for ten minutes",
    ],
    [
      "weir rule add --action block --direction egress --proto udp --port 53 --name dns-out --reason ticket-42",
      "see what would be lost without DNS to the outside",
    ],
    ["weir rule add --action allow --src 192.0.2.10 --first", "let one host through whatever other rules say"],
    ["weir rule add --action block --proto icmp --icmp echo-request --interface eth0 --json", "for a script"],
  ],
  async run(call) {
    const rule = ruleOf(call);
    const place = positionOf(call);
    const request = { rule, ...(place === undefined ? {} : { place }), ...termOf(call) };
    const client = await clientFor(call);
    const change = await inFlags(client.addRule(request, operatorSession()));
    tellChange(call, change, "Added");
    if (call.has("json") || rule["action"] !== "block") return 0;
    if (!call.has("enforce")) note("It reports what it would drop, and drops nothing: that takes --enforce.");
    else if ((await client.status()).mode === "detect") note("The mode is detect: it drops nothing until `weir mode prevent`.");
    return 0;
  },
};
