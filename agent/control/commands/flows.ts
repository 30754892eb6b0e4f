import { AGENT_OPTIONS, type Command, JSON_OUTPUT, type OptionSpec } from "../arguments.ts";
import type { FlowRow } from "../../flows/row.ts";
import { FLOW_FILTER_FIELDS, type FlowFilter } from "../flow-filter.ts";
import { filterFrom } from "../filter.ts";
import { bytes, type Column, count, duration, endpoint, table } from "../format.ts";
import { OWNER_FILTERS, PART_OF } from "../owner-filter.ts";
import { clientFor } from "../paths.ts";
import { note, print, printJson } from "../print.ts";

const MOST = 10_000;
const USUAL = 100;

const FILTERS: Record<keyof FlowFilter, OptionSpec> = {
  interface: { value: "NAME", about: "only on this interface" },
  direction: { value: "WHICH", about: "only opened in this direction: ingress or egress" },
  protocol: { value: "NAME", about: "only this protocol, as tcp, udp, icmp" },
  address: { value: "ADDRESS", about: "only with this address at either end" },
  port: { value: "NUMBER", about: "only with this port at either end" },
  ...OWNER_FILTERS,
  rule: { value: "NAME", about: "only decided by this rule" },
};

const COLUMNS: Column<FlowRow>[] = [
  { title: "PROTOCOL", value: (row) => row.protocol },
  { title: "SOURCE", value: (row) => endpoint(row.source) },
  { title: "DESTINATION", value: (row) => endpoint(row.destination) },
  { title: "INTERFACE", value: (row) => `${row.interface} ${row.direction === "ingress" ? "in" : "out"}` },
  { title: "STATE", value: (row) => row.state },
  { title: "PROCESS", value: (row) => (row.process ? `${row.process.name} ${row.process.pid}` : "-") },
  PART_OF,
  { title: "RULE", value: (row) => row.rule },
  { title: "PACKETS", value: (row) => row.packets.map(count).join(" / "), right: true },
  { title: "BYTES", value: (row) => row.bytes.map(bytes).join(" / "), right: true },
  { title: "DROPPED", value: (row) => row.dropped?.map(({ by, packets }) => `${count(packets)} ${by}`).join(", ") ?? "-" },
  { title: "AGE", value: (row) => duration(row.age_s), right: true },
  { title: "IDLE", value: (row) => duration(row.idle_s), right: true },
];

export const command: Command = {
  usage: "flows [--process NAME] [--port NUMBER] [...] [--limit N] [--json]",
  about: "Shows live connections: who talks to whom, which process, which rule decided. Packets and bytes are those of the\nopener, then those of the other end; dropped is what others than weir dropped of them: see weir drops.",
  options: { ...FILTERS, limit: { value: "N", about: `at most so many (${USUAL})` }, json: JSON_OUTPUT, ...AGENT_OPTIONS },
  examples: [
    ["weir flows", "the first 100 connections"],
    ["weir flows --process curl", "what curl talks to"],
    ["weir flows --container web", "what goes on in a container"],
    ["weir flows --port 443 --direction egress --limit 1000 --json", "for a script"],
  ],
  async run(call) {
    const filter = filterFrom(FLOW_FILTER_FIELDS, (field) => call.text(field));
    if (filter.direction !== undefined) filter.direction = call.choice("--direction", filter.direction, ["ingress", "egress"]);
    const limit = call.count("limit", USUAL, MOST);
    const rows = await (await clientFor(call)).flows(filter, limit);
    if (call.has("json")) printJson(rows);
    else print(table(rows, COLUMNS));
    if (rows.length === limit) note(`These are the first ${count(limit)}; there may be more (--limit, or one of the filters).`);
    return 0;
  },
};
