/** All commands. Each is loaded only when it is called, so that help and short commands answer at once. */

import type { Command } from "./arguments.ts";

interface Entry {
  summary: string;
  load: () => Promise<{ command: Command }>;
}

export const COMMANDS: Record<string, Entry> = {
  run: { summary: "run the agent in the foreground", load: () => import("./commands/run.ts") },
  check: { summary: "check a configuration file and name every problem", load: () => import("./commands/check.ts") },
  status: { summary: "show mode, health, interfaces and counters", load: () => import("./commands/status.ts") },
  mode: { summary: "show or switch the mode: detect or prevent", load: () => import("./commands/mode.ts") },
  reload: { summary: "read the configuration again", load: () => import("./commands/reload.ts") },
  "rule list": { summary: "show the rules in force with their counters", load: () => import("./commands/rule-list.ts") },
  "rule show": { summary: "show one rule", load: () => import("./commands/rule-show.ts") },
  "rule add": { summary: "add a rule without changing the file", load: () => import("./commands/rule-add.ts") },
  "rule delete": { summary: "delete rules that were added by command", load: () => import("./commands/rule-delete.ts") },
  "rule move": { summary: "change the order of the rules that were added", load: () => import("./commands/rule-move.ts") },
  "rule clear": { summary: "delete all rules that were added by command", load: () => import("./commands/rule-clear.ts") },
  explain: { summary: "say which rule decides about a packet, and why", load: () => import("./commands/explain.ts") },
  inspect: { summary: "show the requests and names in a capture", load: () => import("./commands/inspect.ts") },
  test: { summary: "test a policy against packets and captures", load: () => import("./commands/test.ts") },
  "ban add": { summary: "ban addresses and prefixes, also from a file", load: () => import("./commands/ban-add.ts") },
  "ban list": { summary: "list bans, or show why an address is banned", load: () => import("./commands/ban-list.ts") },
  "ban delete": { summary: "lift bans", load: () => import("./commands/ban-delete.ts") },
  "ban clear": { summary: "lift all bans", load: () => import("./commands/ban-clear.ts") },
  "set list": { summary: "list sets or the members of one, or show why an address is in it", load: () => import("./commands/set-list.ts") },
  "set add": { summary: "put addresses and prefixes into a set, also from a file", load: () => import("./commands/set-add.ts") },
  "set remove": { summary: "remove addresses and prefixes from a set", load: () => import("./commands/set-remove.ts") },
  flows: { summary: "show live connections", load: () => import("./commands/flows.ts") },
  top: { summary: "show the busiest processes, containers, peers, services, rules or interfaces", load: () => import("./commands/top.ts") },
  stats: {
    summary: "show totals of processes, peers and services: connections, bytes, durations, round-trip times, retransmissions",
    load: () => import("./commands/stats.ts"),
  },
  drops: { summary: "show packets that the kernel and other programs drop, and why", load: () => import("./commands/drops.ts") },
  sockets: { summary: "show listeners and connections with their owners", load: () => import("./commands/sockets.ts") },
  watch: { summary: "follow events as they happen", load: () => import("./commands/watch.ts") },
  detach: { summary: "remove the programs that a killed agent left in the kernel", load: () => import("./commands/detach.ts") },
  metrics: { summary: "print the metrics as Prometheus reads them", load: () => import("./commands/metrics.ts") },
  "audit show": { summary: "print the audit log", load: () => import("./commands/audit-show.ts") },
  "audit verify": { summary: "check the audit log's hash chain", load: () => import("./commands/audit-verify.ts") },
};
