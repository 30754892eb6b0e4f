import type { SocketRow } from "../../observe/sockets/row.ts";
import type { Command, OptionSpec } from "../arguments.ts";
import { bytes, duration, endpoint } from "../format.ts";
import { type Column, ENDPOINT_WIDTH } from "../table.ts";
import { count } from "../../values/count.ts";
import { HASH, type Listing, listingOptions, showListing } from "../listing.ts";
import { OWNER_FILTERS } from "../../service/owner-filter.ts";
import { PART_OF } from "../part-of.ts";
import type { SocketFilter } from "../../service/socket-filter.ts";

const FILTERS: Record<keyof SocketFilter, OptionSpec> = {
  protocol: { value: "NAME", about: "only tcp, udp, icmp, icmpv6, raw, packet or xdp" },
  state: { value: "NAME", about: "only in this state, as listen, bound, established" },
  address: { value: "ADDRESS", about: "only with this address at either end" },
  port: { value: "NUMBER", about: "only with this port at either end" },
  ...OWNER_FILTERS,
  rule: { value: "NAME", about: "only those whose connection this rule decided" },
};

const COLUMNS: Column<SocketRow>[] = [
  { title: "PROTOCOL", value: protocolText, narrow: "lines" },
  { title: "STATE", value: (row) => row.state },
  { title: "LOCAL", value: ({ local, interface: bound }) => [local && endpoint(local), bound].filter((part) => part !== undefined).join(" ") || "*", narrow: "middle", least: ENDPOINT_WIDTH },
  { title: "REMOTE", value: (row) => (row.remote === undefined ? "-" : endpoint(row.remote)), narrow: "middle", least: ENDPOINT_WIDTH },
  { title: "PROCESS", value: (row) => (row.process === undefined ? "unknown" : `${row.process.name} ${row.process.pid}`), narrow: "middle", least: 12 },
  { title: "UID", value: (row) => String(row.uid), right: true, rank: 5 },
  { ...PART_OF, rank: 3 },
  { title: "RULE", value: (row) => row.rule ?? "-", narrow: "end", rank: 4 },
  { title: "FLOWS", value: (row) => count(row.connections), right: true, rank: 6 },
  { title: "SENT", value: (row) => bytes(row.sent), right: true, rank: 7 },
  { title: "RECEIVED", value: (row) => bytes(row.received), right: true, rank: 7 },
  { title: "AGE", value: (row) => (row.age_s === undefined ? "-" : duration(row.age_s)), right: true, rank: 8 },
];

/** `packet all, bypasses rules` */
function protocolText({ protocol, carries, bypass }: SocketRow): string {
  const name = carries === undefined ? protocol : `${protocol} ${carries}`;
  return bypass === undefined ? name : `${name}, ${bypass === "unknown" ? "may bypass" : "bypasses"} rules`;
}

const LISTING: Listing<keyof SocketFilter, SocketRow> = {
  filters: FILTERS,
  usual: 1000,
  columns: COLUMNS,
  hash: HASH,
  which: "first",
  ask: (client, ...asked) => client.sockets(...asked),
};

export const command: Command = {
  usage: "sockets [--state listen] [--process NAME] [...] [--limit N] [--json]",
  about: "Shows the sockets of this host: which process owns each, and what weir knows of its connections. Of raw sockets it\nalso shows the IP protocol, of packet sockets, which see or send whole frames, the type of Ethernet, and\nwhether their frames pass the egress rules unseen, as those of AF_XDP sockets (`xdp`) do.",
  options: listingOptions(LISTING),
  examples: [
    ["weir sockets", "who listens, then who talks"],
    ["weir sockets --state listen --protocol tcp", "what is offered to others"],
    ["weir sockets --protocol packet", "who reads along"],
    ["weir sockets --state listen --hash", "and exactly which file each of them runs"],
    ["weir sockets --process sshd --json", "for a script"],
  ],
  run: (call) => showListing(call, LISTING),
};
