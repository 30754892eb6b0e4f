import { AGENT_OPTIONS, type Call, type Command, JSON_OUTPUT } from "../arguments.ts";
import type { ControlClient } from "../../api/client.ts";
import type { MemberRow, SetRow } from "../../service/contract.ts";
import { since, until } from "../format.ts";
import { type Column, table } from "../table.ts";
import { count } from "../../values/count.ts";
import { LIMIT, pagesOf, printPages, showPages } from "../pages.ts";
import { clientFor } from "../paths.ts";
import { note, print, printJson } from "../print.ts";

const SETS: Column<SetRow>[] = [
  { title: "SET", value: ({ name }) => name, narrow: "end", least: 12 },
  { title: "MEMBERS", value: ({ members }) => count(members) },
  { title: "CONFIGURED", value: ({ from }) => count(from.configuration), rank: 3 },
  { title: "OF FILE", value: ({ from, file }) => (file === undefined ? "-" : count(from.file)), rank: 3 },
  { title: "ADDED", value: ({ from }) => count(from.command), rank: 3 },
  { title: "TTL", value: ({ ttl }) => ttl ?? "-", rank: 1 },
  { title: "PORTS", value: ({ ports }) => ports?.join(", ") ?? "-", narrow: "lines", rank: 2 },
  { title: "FILE", value: ({ file }) => file ?? "-", narrow: "middle", least: 14, rank: 4 },
];

const MEMBERS: Column<MemberRow>[] = [
  { title: "MEMBER", value: ({ network }) => network },
  { title: "FROM", value: ({ from }) => from, rank: 3 },
  { title: "EXPIRES", value: ({ expires }) => until(expires) },
  { title: "REASON", value: ({ reason }) => reason ?? "-", narrow: "lines", least: 12, rank: 1 },
  {
    title: "ADDED",
    value: ({ added, uid }) => (added === undefined ? "-" : `${since(added)} by uid ${uid}`),
    narrow: "lines",
    least: 12,
    rank: 2,
  },
];

export const command: Command = {
  usage: "set list [NAME [ADDRESS]] [--limit N] [--json] [--socket PATH]",
  about:
    "Lists the sets. With a name it lists the members of that set, the latest first; with an address or prefix, only the " +
    "members that cover it and those within it.",
  options: {
    limit: LIMIT,
    json: JSON_OUTPUT,
    ...AGENT_OPTIONS,
  },
  words: [0, 2],
  examples: [
    ["weir set list", "all sets, and how many members they have"],
    ["weir set list partners 192.0.2.7", "whether and why an address is in a set"],
    ["weir set list feed --json | jq -r '.[].network'", "all members, for a script"],
  ],
  async run(call) {
    const client = await clientFor(call);
    const [name, network] = call.words;
    if (name === undefined) return listSets(client, call);
    const pages = pagesOf(call, async (page) => {
      const { total, members, next } = await client.members({ set: name, ...page, ...(network === undefined ? {} : { network }) });
      return { total, rows: members, ...(next === undefined ? {} : { next }) };
    });
    if (call.has("json")) return printPages(pages);
    return showPages(pages, MEMBERS, {
      none: network === undefined ? `The set ${name} is empty.` : `${network} is not in the set ${name}.`,
      all: network === undefined,
    });
  },
};

async function listSets(client: ControlClient, call: Call): Promise<number> {
  const sets = await client.sets();
  if (call.has("json")) printJson(sets);
  else if (sets.length === 0) print("The configuration names no sets.");
  else print(table(sets, SETS));
  for (const { problem } of sets) if (problem !== undefined && !call.has("json")) note(`warning: ${problem}`);
  return 0;
}
