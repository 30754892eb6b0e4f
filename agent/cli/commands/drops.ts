import type { DropRow } from "../../observe/flows/drop-row.ts";
import type { Command, OptionSpec } from "../arguments.ts";
import { CONNECTION_FILTERS } from "../../service/connection-filter.ts";
import type { DropFilter } from "../../service/drop-filter.ts";
import { clock, endpoint } from "../format.ts";
import { type Column, ENDPOINT_WIDTH } from "../table.ts";
import { count } from "../../values/count.ts";
import { HASH, type Listing, listingOptions, showListing } from "../listing.ts";

const FILTERS: Record<keyof DropFilter, OptionSpec> = {
  by: { value: "WHOM", about: "only drops by netfilter, tc, xdp, queue, bpf, security or stack" },
  reason: { value: "NAME", about: "only drops for this reason, as the kernel names it: no_socket" },
  ...CONNECTION_FILTERS,
  direction: { value: "WHICH", about: "only coming in, or only going out: ingress or egress" },
  all: { about: "also harmless drops: ends of healthy connections, answers to ping, weir's own attempts to reach its collector" },
};

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

const LISTING: Listing<keyof DropFilter, DropRow> = {
  filters: FILTERS,
  usual: 100,
  columns: COLUMNS,
  hash: HASH,
  which: "last",
  ask: (client, ...asked) => client.drops(...asked),
};

export const command: Command = {
  usage: "drops [--by WHOM] [--reason NAME] [--port NUMBER] [...] [--limit N] [--json]",
  about:
    "Shows packets that netfilter, queues, other programs and the kernel's network stack drop, and why, the latest first. " +
    "For what weir drops, see weir rule list and the audit log. The kernel also frees harmless packets as dropped; --all " +
    "and --reason show those, too.",
  options: listingOptions(LISTING),
  examples: [
    ["weir drops", "the latest 100 connections of which something was dropped"],
    ["weir drops --by netfilter", "what nftables or iptables drop"],
    ["weir drops --reason no_socket --direction ingress", "packets to ports where nobody listens"],
    ["weir drops --port 53 --json", "for a script"],
  ],
  run: (call) => showListing(call, LISTING),
};
