import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import type { BanRow } from "../../service/contract.ts";
import { since, until } from "../format.ts";
import type { Column } from "../table.ts";
import { LIMIT, pagesOf, printPages, showPages } from "../pages.ts";
import { clientFor } from "../paths.ts";

const COLUMNS: Column<BanRow>[] = [
  { title: "BANNED", value: ({ network }) => network },
  { title: "EXPIRES", value: ({ expires }) => until(expires) },
  { title: "REASON", value: ({ reason }) => reason ?? "-", narrow: "lines", least: 12, rank: 1 },
  { title: "ADDED", value: ({ added, uid }) => `${since(added)} by uid ${uid}`, narrow: "lines", least: 12, rank: 2 },
];

export const command: Command = {
  usage: "ban list [ADDRESS] [--limit N] [--json] [--socket PATH]",
  about: "Lists bans, the latest first. With an address or prefix it lists the bans that cover it and the bans within it.",
  options: {
    limit: LIMIT,
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
    const [network] = call.words;
    const pages = pagesOf(call, async (page) => {
      const { bans: rows, total, next } = await client.bans({ ...page, ...(network === undefined ? {} : { network }) });
      return { rows, total, ...(next === undefined ? {} : { next }) };
    });
    if (call.has("json")) return printPages(pages);
    return showPages(pages, COLUMNS, {
      none: network === undefined ? "Nobody is banned." : `${network} is not banned.`,
      all: network === undefined,
    });
  },
};
