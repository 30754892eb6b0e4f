import type { DropRow } from "../../observe/flows/drop-row.ts";
import type { Command } from "../arguments.ts";
import { clock, endpoint } from "../format.ts";
import { type Column, ENDPOINT_WIDTH } from "../table.ts";
import { count } from "../../values/count.ts";
import { HASH, type Listing, listingOptions, showListing } from "../listing.ts";
import { DROPS } from "../../service/requests/observation.ts";

const COLUMNS: Column<DropRow>[] = [
  { title: "LAST", value: (row) => row.last, brief: (row) => clock(row.last) },
  { title: "BY", value: (row) => row.by },
  { title: "REASON", value: (row) => row.reason, narrow: "middle", least: 10 },
  { title: "PROTOCOL", value: (row) => row.protocol, rank: 3 },
  { title: "SOURCE", value: (row) => endpoint(row.source), narrow: "middle", least: ENDPOINT_WIDTH },
  { title: "DESTINATION", value: (row) => endpoint(row.destination), narrow: "middle", least: ENDPOINT_WIDTH },
  { title: "INTERFACE", value: (row) => `${row.interface} ${row.direction === "ingress" ? "in" : "out"}`, rank: 5 },
  { title: "PROCESS", value: (row) => (row.process ? `${row.process.name} ${row.process.pid}` : "-"), narrow: "middle", rank: 4 },
  { title: "PACKETS", value: (row) => count(row.packets), right: true, rank: 2 },
];

const LISTING: Listing<typeof DROPS, DropRow> = {
  request: DROPS,
  columns: COLUMNS,
  hash: HASH,
  which: "last",
  ask: (client, asked) => client.drops(asked),
};

export const command: Command = {
  usage: "drops [--by WHOM] [--reason NAME] [--port NUMBER] [...] [--limit N] [--json]",
  about:
    "Shows packets that netfilter, queues, other programs and the kernel's network stack drop, and why, the latest first. " +
    "For what weir drops, see weir rule list and the audit log. The kernel also counts harmless packets as dropped; --all " +
    "and --reason show those, too.",
  options: listingOptions(DROPS),
  examples: [
    ["weir drops", "the latest 100 connections of which something was dropped"],
    ["weir drops --by netfilter", "what nftables or iptables drop"],
    ["weir drops --reason no_socket --direction ingress", "packets to ports where nobody listens"],
    ["weir drops --port 53 --json", "for a script"],
  ],
  run: (call) => showListing(call, LISTING),
};
