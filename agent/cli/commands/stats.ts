import type { StatisticsRow } from "../../observe/statistics/row.ts";
import type { Command } from "../arguments.ts";
import { briefly, bytes, perSecond, share } from "../format.ts";
import type { Column } from "../table.ts";
import { count } from "../../values/count.ts";
import { listingOptions, showListing } from "../listing.ts";
import { PART_OF } from "../part-of.ts";
import { STATISTICS } from "../../service/requests/observation.ts";
import { saidOf } from "../request-options.ts";

export const command: Command = {
  usage: "stats [--by WHAT] [--sort HOW] [--process NAME] [...] [--limit N] [--json]",
  about:
    "Shows totals since the agent started, live connections included. DURATION is the median and the 95th percentile of\n" +
    "connections that ended. TCP and the columns after it come from the TCP sockets of this host and its containers, on\n" +
    "loopback, too: how many connections, retransmitted segments, and the median, 95th percentile and minimum of the\n" +
    "round-trip time.",
  options: listingOptions(STATISTICS),
  examples: [
    ["weir stats", "the processes with the most connections"],
    ["weir stats --by peer --sort rtt", "who is far away, or slow"],
    ["weir stats --by service --process nginx", "what a program offers and uses"],
    ["weir stats --by container --sort retransmissions --json", "for a script"],
  ],
  run(call) {
    const { by = STATISTICS.properties.by.default } = saidOf(call, STATISTICS.properties);
    return showListing(call, {
      request: STATISTICS,
      columns: columnsOf(by),
      which: "first",
      ask: (client, asked) => client.statistics(asked),
    });
  },
};

function columnsOf(by: string): Column<StatisticsRow>[] {
  return [
    { title: by.toUpperCase(), value: ({ name }) => name, narrow: "middle", least: 16 },
    ...(by === "process" ? [{ ...PART_OF, rank: 3 }] : []),
    { title: "CONNECTIONS", value: ({ connections }) => count(connections), right: true },
    { title: "WOULD DROP", value: ({ would_drop }) => (would_drop === 0 ? "-" : count(would_drop)), right: true, rank: 2 },
    { title: "LIVE", value: ({ live }) => count(live), right: true, rank: 5 },
    { title: "NEW", value: ({ connections_per_s }) => perSecond(connections_per_s), right: true, rank: 6 },
    { title: "PACKETS", value: ({ packets }) => count(packets), right: true, rank: 7 },
    { title: "SENT", value: ({ sent }) => bytes(sent), right: true },
    { title: "RECEIVED", value: ({ received }) => bytes(received), right: true },
    {
      title: "DURATION",
      value: ({ duration_s: of }) => (of === undefined ? "-" : `${briefly(of.median)} / ${briefly(of.p95)}`),
      right: true,
      rank: 4,
    },
    { title: "TCP", value: ({ tcp }) => (tcp === undefined ? "-" : count(tcp.connections)), right: true, rank: 8 },
    {
      title: "RETRANS",
      value: ({ tcp }) => (tcp === undefined ? "-" : `${count(tcp.retransmissions)} ${share(tcp.retransmissions, tcp.segments)}`),
      right: true,
      rank: 1,
    },
    { title: "RTT", value: (row) => roundTrip(row, "median"), right: true, rank: 1 },
    { title: "RTT 95%", value: (row) => roundTrip(row, "p95"), right: true, rank: 9 },
    { title: "RTT MIN", value: (row) => roundTrip(row, "min"), right: true, rank: 10 },
  ];
}

function roundTrip({ tcp }: StatisticsRow, what: "median" | "p95" | "min"): string {
  return tcp?.round_trip_s === undefined ? "-" : briefly(tcp.round_trip_s[what]);
}
