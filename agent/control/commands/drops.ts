import type { DropRow } from "../../flows/drop-row.ts";
import { AGENT_OPTIONS, type Command, JSON_OUTPUT, type OptionSpec } from "../arguments.ts";
import { DROP_FILTER_FIELDS, type DropFilter } from "../drop-filter.ts";
import { filterFrom } from "../filter.ts";
import { type Column, count, endpoint, table } from "../format.ts";
import { OWNER_FILTERS } from "../owner-filter.ts";
import { clientFor } from "../paths.ts";
import { note, print, printJson } from "../print.ts";

const MOST = 10_000;
const USUAL = 100;

const FILTERS: Record<keyof DropFilter, OptionSpec> = {
  by: { value: "WHOM", about: "only by these: netfilter, tc, xdp, queue, bpf, security or stack" },
  reason: { value: "NAME", about: "only for this reason, as the kernel names it: no_socket" },
  interface: { value: "NAME", about: "only on this interface" },
  direction: { value: "WHICH", about: "only coming in, or only going out: ingress or egress" },
  protocol: { value: "NAME", about: "only this protocol, as tcp, udp, icmp" },
  address: { value: "ADDRESS", about: "only with this address at either end" },
  port: { value: "NUMBER", about: "only with this port at either end" },
  ...OWNER_FILTERS,
};

const COLUMNS: Column<DropRow>[] = [
  { title: "LAST", value: (row) => row.last },
  { title: "BY", value: (row) => row.by },
  { title: "REASON", value: (row) => row.reason },
  { title: "PROTOCOL", value: (row) => row.protocol },
  { title: "SOURCE", value: (row) => endpoint(row.source) },
  { title: "DESTINATION", value: (row) => endpoint(row.destination) },
  { title: "INTERFACE", value: (row) => `${row.interface} ${row.direction === "ingress" ? "in" : "out"}` },
  { title: "PROCESS", value: (row) => (row.process ? `${row.process.name} ${row.process.pid}` : "-") },
  { title: "PACKETS", value: (row) => count(row.packets), right: true },
];

export const command: Command = {
  usage: "drops [--by WHOM] [--reason NAME] [--port NUMBER] [...] [--limit N] [--json]",
  about: "Shows what others than weir drop, and why, the latest first: netfilter, queues, other programs, and the stack\nwhere nobody listens. What weir drops is in weir rule list and in the audit log.",
  options: { ...FILTERS, limit: { value: "N", about: `at most so many (${USUAL})` }, json: JSON_OUTPUT, ...AGENT_OPTIONS },
  examples: [
    ["weir drops", "the latest 100 connections of which something was dropped"],
    ["weir drops --by netfilter", "what nftables or iptables drop"],
    ["weir drops --reason no_socket --direction ingress", "who knocks where nobody listens"],
    ["weir drops --port 53 --json", "for a script"],
  ],
  async run(call) {
    const filter = filterFrom(DROP_FILTER_FIELDS, (field) => call.text(field));
    if (filter.direction !== undefined) filter.direction = call.choice("--direction", filter.direction, ["ingress", "egress"]);
    const limit = call.count("limit", USUAL, MOST);
    const rows = await (await clientFor(call)).drops(filter, limit);
    if (call.has("json")) printJson(rows);
    else print(table(rows, COLUMNS));
    if (rows.length === limit) note(`These are the last ${count(limit)}; there may be more (--limit, or one of the filters).`);
    return 0;
  },
};
