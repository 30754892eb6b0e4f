import type { SocketRow } from "../../observe/sockets/row.ts";
import type { Command } from "../arguments.ts";
import { bytes, duration, endpoint } from "../format.ts";
import { type Column, ENDPOINT_WIDTH } from "../table.ts";
import { count } from "../../values/count.ts";
import { HASH, type Listing, listingOptions, showListing } from "../listing.ts";
import { SOCKETS } from "../../service/requests/observation.ts";
import { PART_OF } from "../part-of.ts";
import { CALL_OPTIONS, refuseWithoutCalls, showCalls } from "../shown-calls.ts";

const COLUMNS: Column<SocketRow>[] = [
  { title: "PROTOCOL", value: protocolText, narrow: "lines" },
  { title: "STATE", value: (row) => row.state },
  {
    title: "LOCAL",
    value: ({ local, interface: bound }) => [local && endpoint(local), bound].filter((part) => part !== undefined).join(" ") || "*",
    narrow: "middle",
    least: ENDPOINT_WIDTH,
  },
  { title: "REMOTE", value: (row) => (row.remote === undefined ? "-" : endpoint(row.remote)), narrow: "middle", least: ENDPOINT_WIDTH },
  {
    title: "PROCESS",
    value: (row) => (row.process === undefined ? "unknown" : `${row.process.name} ${row.process.pid}`),
    narrow: "middle",
    least: 12,
  },
  { title: "UID", value: (row) => String(row.uid), right: true, rank: 5 },
  { ...PART_OF, rank: 3 },
  { title: "RULE", value: (row) => row.rule ?? "-", narrow: "end", rank: 4 },
  { title: "FLOWS", value: (row) => count(row.connections), right: true, rank: 6 },
  { title: "SENT", value: (row) => bytes(row.sent), right: true, rank: 7 },
  { title: "RECEIVED", value: (row) => bytes(row.received), right: true, rank: 7 },
  { title: "AGE", value: (row) => (row.age_s === undefined ? "-" : duration(row.age_s)), right: true, rank: 8 },
];

/** Writes a protocol as `packet all, bypasses rules`. */
function protocolText({ protocol, carries, bypass }: SocketRow): string {
  const name = carries === undefined ? protocol : `${protocol} ${carries}`;
  return bypass === undefined ? name : `${name}, ${bypass === "unknown" ? "may bypass" : "bypasses"} rules`;
}

const LISTING: Listing<typeof SOCKETS, SocketRow> = {
  request: SOCKETS,
  columns: COLUMNS,
  hash: HASH,
  which: "first",
  ask: (client, asked) => client.sockets(asked),
};

export const command: Command = {
  usage: "sockets [--state listen] [--process NAME] [...] [--calls PID] [--limit N] [--json]",
  about:
    "Shows the sockets of this host: the process that owns each, and what weir knows of its connections. Raw sockets are " +
    "shown with their IP protocol, packet sockets (which see or send whole frames) with their type of Ethernet, and packet " +
    "and AF_XDP sockets (`xdp`) with whether their frames bypass the egress rules. With --calls it shows what one process does " +
    "with its sockets, call by call, without what it sends and receives, until Ctrl-C. Calls of 32-bit programs, and those " +
    "made through io_uring, are not shown.",
  options: { ...listingOptions(SOCKETS), ...CALL_OPTIONS },
  examples: [
    ["weir sockets", "who listens, then who talks"],
    ["weir sockets --state listen --protocol tcp", "what is offered to others"],
    ["weir sockets --protocol packet", "programs that read or send whole frames"],
    ["weir sockets --state listen --hash", "with the hash of the program of each"],
    ["weir sockets --process sshd --json", "for a script"],
    ["weir sockets --calls 812", "what process 812 does with its sockets, as it happens"],
  ],
  async run(call) {
    if (call.has("calls")) return showCalls(call);
    refuseWithoutCalls(call);
    return showListing(call, LISTING);
  },
};
