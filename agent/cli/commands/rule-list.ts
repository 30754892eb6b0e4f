import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import type { ListedRule } from "../../service/contract.ts";
import { bytes, since, until } from "../format.ts";
import { type Column, table } from "../table.ts";
import { count } from "../../values/count.ts";
import { clientFor } from "../paths.ts";
import { print, printJson } from "../print.ts";

const FIGURES: Column<ListedRule>[] = [
  { title: "RULE", value: (row) => row.name, narrow: "middle", least: 14 },
  { title: "ACTION", value: (row) => (row.action === "block" && row.enforce ? "block, enforced" : row.action) },
  { title: "FLOWS", value: (row) => count(row.flows), right: true, rank: 6 },
  { title: "PACKETS", value: (row) => count(row.packets), right: true },
  { title: "BYTES", value: (row) => bytes(row.bytes), right: true, rank: 5 },
  { title: "WOULD DROP", value: (row) => count(row.would_drop), right: true },
  { title: "DROPPED", value: (row) => count(row.dropped), right: true },
  { title: "LAST HIT", value: (row) => since(row.last_hit), rank: 3 },
];
const OF_FILE: Column<ListedRule>[] = [...FIGURES, { title: "SOURCE", value: (row) => row.source, narrow: "middle", rank: 4 }];
const ENDING: Column<ListedRule>[] = [...OF_FILE, { title: "EXPIRES", value: ({ expires }) => until(expires), rank: 1 }];
const DYNAMIC: Column<ListedRule>[] = [
  { title: "ID", value: (row) => row.id },
  ...FIGURES,
  { title: "ADDED", value: ({ dynamic }) => `${since(dynamic!.added)} by uid ${dynamic!.uid}`, narrow: "lines", rank: 7 },
  { title: "EXPIRES", value: ({ dynamic }) => until(dynamic!.expires), rank: 1 },
  { title: "REASON", value: ({ dynamic }) => dynamic!.reason ?? "-", narrow: "lines", least: 12, rank: 2 },
];

export const command: Command = {
  usage: "rule list [--json] [--socket PATH]",
  about:
    "Shows the rules in force in the order in which they are tried, and what each one matched, dropped, or would have " +
    "dropped: first the rules that were added by command, then those of the file. With --json, `dynamic` marks rules that " +
    "were added by command.",
  options: { json: JSON_OUTPUT, ...AGENT_OPTIONS },
  examples: [
    ["weir rule list", "as a table"],
    ["weir rule list --json | jq '.[] | select(.dynamic) | .id'", "the ids of rules that were added by command"],
    ["weir rule list --json | jq '.[] | select(.packets == 0) | .name'", "rules that never matched"],
  ],
  async run(call) {
    const rows = await (await clientFor(call)).rules();
    if (call.has("json")) printJson(rows);
    else print(tables(rows));
    return 0;
  },
};

/** Makes one table for dynamic rules and one for the file's rules. */
function tables(rows: readonly ListedRule[]): string[] {
  const dynamic = rows.filter((row) => row.dynamic !== undefined);
  const ofFile = rows.filter((row) => row.dynamic === undefined);
  const columns = ofFile.some(({ expires }) => expires !== undefined) ? ENDING : OF_FILE;
  if (dynamic.length === 0) return table(ofFile, columns);
  return ["Added by command, tried first:", "", ...table(dynamic, DYNAMIC), "", "Of the file:", "", ...table(ofFile, columns)];
}
