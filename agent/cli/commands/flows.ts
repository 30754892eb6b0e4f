import type { FlowRow } from "../../observe/flows/row.ts";
import type { Command } from "../arguments.ts";
import { bytes, duration, endpoint } from "../format.ts";
import { type Column, ENDPOINT_WIDTH } from "../table.ts";
import { count } from "../../values/count.ts";
import { HASH, type Listing, listingOptions, showListing } from "../listing.ts";
import { FLOWS } from "../../service/requests/observation.ts";
import { PART_OF } from "../part-of.ts";

const COLUMNS: Column<FlowRow>[] = [
  { title: "PROTOCOL", value: (row) => row.protocol },
  { title: "SOURCE", value: (row) => endpoint(row.source), narrow: "middle", least: ENDPOINT_WIDTH },
  { title: "DESTINATION", value: (row) => endpoint(row.destination), narrow: "middle", least: ENDPOINT_WIDTH },
  { title: "NAT", value: translation, narrow: "lines", least: ENDPOINT_WIDTH, rank: 3 },
  { title: "INTERFACE", value: (row) => `${row.interface} ${row.direction === "ingress" ? "in" : "out"}`, rank: 4 },
  { title: "STATE", value: (row) => row.state, rank: 6 },
  { title: "PROCESS", value: (row) => (row.process ? `${row.process.name} ${row.process.pid}` : "-"), narrow: "middle", least: 12 },
  { ...PART_OF, rank: 2 },
  { title: "RULE", value: (row) => (row.would_drop ? `${row.rule} (would drop)` : row.rule), narrow: "lines", least: 12, rank: 1 },
  { title: "PACKETS", value: (row) => row.packets.map(count).join(" / "), right: true, rank: 7 },
  { title: "BYTES", value: (row) => row.bytes.map(bytes).join(" / "), right: true, rank: 5 },
  {
    title: "DROPPED",
    value: (row) => row.dropped?.map(({ by, packets }) => `${count(packets)} ${by}`).join(", ") ?? "-",
    narrow: "lines",
    rank: 2,
  },
  { title: "AGE", value: (row) => duration(row.age_s), right: true, rank: 8 },
  { title: "IDLE", value: (row) => duration(row.idle_s), right: true, rank: 9 },
];

/** Shows the ends that NAT translates. */
function translation({ source, destination, nat }: FlowRow): string {
  if (nat === undefined) return "-";
  const changed = [
    ["from", source, nat.source],
    ["to", destination, nat.destination],
  ] as const;
  return changed
    .filter(([, here, translated]) => endpoint(here) !== endpoint(translated))
    .map(([word, , translated]) => `${word} ${endpoint(translated)}`)
    .join(" ");
}

const LISTING: Listing<typeof FLOWS, FlowRow> = {
  request: FLOWS,
  columns: COLUMNS,
  hash: HASH,
  which: "first",
  ask: (client, asked) => client.flows(asked),
};

export const command: Command = {
  usage: "flows [--process NAME] [--port NUMBER] [...] [--limit N] [--json]",
  about:
    "Shows live connections: their ends, the process, the rule that decided, and whether it would drop them. NAT shows the " +
    "addresses on the other side of address translation. PACKETS and BYTES count what the opener sent, then what the other " +
    "end sent. DROPPED counts what the kernel and other programs dropped; see weir drops.",
  options: listingOptions(FLOWS),
  examples: [
    ["weir flows", "the first 100 connections"],
    ["weir flows --process curl", "what curl talks to"],
    ["weir flows --container web", "the connections of a container"],
    ["weir flows --port 443 --direction egress --limit 1000 --json", "for a script"],
  ],
  run: (call) => showListing(call, LISTING),
};
