import type { RuleRow } from "../../events/snapshot.ts";
import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import { bytes, type Column, count, duration, table } from "../format.ts";
import { clientFor } from "../paths.ts";
import { print, printJson } from "../print.ts";

const COLUMNS: Column<RuleRow>[] = [
  { title: "RULE", value: (row) => row.name },
  { title: "ACTION", value: (row) => (row.action === "block" && row.enforce ? "block, enforced" : row.action) },
  { title: "FLOWS", value: (row) => count(row.flows), right: true },
  { title: "PACKETS", value: (row) => count(row.packets), right: true },
  { title: "BYTES", value: (row) => bytes(row.bytes), right: true },
  { title: "WOULD DROP", value: (row) => count(row.would_drop), right: true },
  { title: "DROPPED", value: (row) => count(row.dropped), right: true },
  { title: "LAST HIT", value: (row) => (row.last_hit === null ? "never" : `${duration((Date.now() - Date.parse(row.last_hit)) / 1000)} ago`) },
  { title: "SOURCE", value: (row) => row.source },
];

export const command: Command = {
  usage: "rule list [--json] [--socket PATH]",
  about:
    "Shows the rules in force, in the order they are tried, with what each one matched, dropped, or would have dropped.\n" +
    "`default`, `failsafe` and `on_error` stand for what no rule decided.",
  options: { json: JSON_OUTPUT, ...AGENT_OPTIONS },
  examples: [
    ["weir rule list", "as a table"],
    ["weir rule list --json | jq '.[] | select(.packets == 0) | .name'", "rules that never matched"],
  ],
  async run(call) {
    const rows = await (await clientFor(call)).rules();
    if (call.has("json")) printJson(rows);
    else print(table(rows, COLUMNS));
    return 0;
  },
};
