import { AGENT_OPTIONS, type Command, JSON_OUTPUT, type OptionSpec } from "../arguments.ts";
import { filterFrom } from "../filter.ts";
import { bytes, type Column, count, duration, endpoint, table } from "../format.ts";
import { OWNER_FILTERS, PART_OF } from "../owner-filter.ts";
import { clientFor } from "../paths.ts";
import { note, print, printJson } from "../print.ts";
import { SOCKET_FILTER_FIELDS, type SocketFilter } from "../socket-filter.ts";
import type { SocketRow } from "../../sockets/row.ts";

const MOST = 10_000;
const USUAL = 1000;

const FILTERS: Record<keyof SocketFilter, OptionSpec> = {
  protocol: { value: "NAME", about: "only tcp, or udp" },
  state: { value: "NAME", about: "only in this state, as listen, bound, established" },
  address: { value: "ADDRESS", about: "only with this address at either end" },
  port: { value: "NUMBER", about: "only with this port at either end" },
  ...OWNER_FILTERS,
  rule: { value: "NAME", about: "only those whose connection this rule decided" },
};

const COLUMNS: Column<SocketRow>[] = [
  { title: "PROTOCOL", value: (row) => row.protocol },
  { title: "STATE", value: (row) => row.state },
  { title: "LOCAL", value: (row) => `${endpoint(row.local)}${row.interface === undefined ? "" : ` ${row.interface}`}` },
  { title: "REMOTE", value: (row) => (row.remote === undefined ? "-" : endpoint(row.remote)) },
  { title: "PROCESS", value: (row) => (row.process === undefined ? "unknown" : `${row.process.name} ${row.process.pid}`) },
  { title: "UID", value: (row) => String(row.uid), right: true },
  PART_OF,
  { title: "RULE", value: (row) => row.rule ?? "-" },
  { title: "FLOWS", value: (row) => count(row.connections), right: true },
  { title: "SENT", value: (row) => bytes(row.sent), right: true },
  { title: "RECEIVED", value: (row) => bytes(row.received), right: true },
  { title: "AGE", value: (row) => (row.age_s === undefined ? "-" : duration(row.age_s)), right: true },
];

export const command: Command = {
  usage: "sockets [--state listen] [--process NAME] [...] [--limit N] [--json]",
  about: "Shows the TCP and UDP sockets of this host: which process owns each, and what weir knows of its connections.",
  options: { ...FILTERS, limit: { value: "N", about: `at most so many (${USUAL})` }, json: JSON_OUTPUT, ...AGENT_OPTIONS },
  examples: [
    ["weir sockets", "who listens, then who talks"],
    ["weir sockets --state listen --protocol tcp", "what is offered to others"],
    ["weir sockets --process sshd --json", "for a script"],
  ],
  async run(call) {
    const filter = filterFrom(SOCKET_FILTER_FIELDS, (field) => call.text(field));
    const limit = call.count("limit", USUAL, MOST);
    const rows = await (await clientFor(call)).sockets(filter, limit);
    if (call.has("json")) printJson(rows);
    else print(table(rows, COLUMNS));
    if (rows.length === limit) note(`These are the first ${count(limit)}; there may be more (--limit, or one of the filters).`);
    return 0;
  },
};
