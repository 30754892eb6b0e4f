import { AGENT_OPTIONS, type Call, type Command, JSON_OUTPUT } from "../arguments.ts";
import type { ControlClient } from "../client.ts";
import type { BanRow } from "../contract.ts";
import { type Column, count, duration, since, table } from "../format.ts";
import { pagesOf, printPages } from "../pages.ts";
import { clientFor } from "../paths.ts";
import { note, print } from "../print.ts";

const SHOWN = 1000;
const MOST = 10_000_000;

const COLUMNS: Column<BanRow>[] = [
  { title: "BANNED", value: ({ network }) => network },
  { title: "ADDED", value: ({ added, uid }) => `${since(added)} by uid ${uid}` },
  { title: "EXPIRES", value: ({ expires }) => (expires === undefined ? "never" : `in ${duration((Date.parse(expires) - Date.now()) / 1000)}`) },
  { title: "REASON", value: ({ reason }) => reason ?? "-" },
];

export const command: Command = {
  usage: "ban list [ADDRESS] [--limit N] [--json] [--socket PATH]",
  about: "Shows who is banned, the latest first; with an address or prefix, the bans that cover it and those within it.",
  options: {
    limit: { value: "N", about: `at most so many (${SHOWN}; with --json all)` },
    json: JSON_OUTPUT,
    ...AGENT_OPTIONS,
  },
  words: [0, 1],
  examples: [
    ["weir ban list", "all, as a table"],
    ["weir ban list 192.0.2.7", "whether and why an address is banned"],
    ["weir ban list --json | jq -r '.[] | select(.reason == null) | .network'", "those banned without a reason"],
  ],
  async run(call) {
    const client = await clientFor(call);
    return call.has("json") ? await printPages(pages(client, call, MOST)) : await listTable(client, call);
  },
};

function pages(client: ControlClient, call: Call, most: number): ReturnType<typeof pagesOf<BanRow>> {
  const [network] = call.words;
  return pagesOf(call.count("limit", most, MOST), async (limit, from) => {
    const { bans: rows, total, next } = await client.bans(limit, { network, from });
    return { rows, total, ...(next === undefined ? {} : { next }) };
  });
}

async function listTable(client: ControlClient, call: Call): Promise<number> {
  const rows: BanRow[] = [];
  let [all, rest] = [0, false];
  for await (const { rows: page, total, more } of pages(client, call, SHOWN)) {
    rows.push(...page);
    [all, rest] = [total, more];
  }
  const [network] = call.words;
  if (rows.length === 0) print(network === undefined ? "Nobody is banned." : `${network} is not banned.`);
  else print(table(rows, COLUMNS));
  if (rest) note(`There are more${network === undefined ? `, ${count(all)} in all` : ""}; --limit shows more, --json all.`);
  return 0;
}
