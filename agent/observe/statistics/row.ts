/** The rows of `weir stats`, and their orders. */

import type { Workload } from "../../values/workload.ts";
import type { Account } from "../flows/groups.ts";

export interface StatisticsRow extends Workload {
  /** The name of the process, program, container, pod, unit, peer or service. */
  name: string;
  /** The process, if the row stands for one. */
  process?: Account["process"] & object;
  /** The connections on watched interfaces since the agent started. */
  connections: number;
  /** The number of them that went on in detect although they would be dropped. */
  would_drop: number;
  /** The number of them that are open now. */
  live: number;
  /** The connections that opened in a second, over the last minute. */
  connections_per_s: number;
  packets: number;
  /** The bytes that left this host, and those that arrived. */
  sent: number;
  received: number;
  /** The duration of connections that ended. */
  duration_s?: { median: number; p95: number };
  /** Measurements of TCP sockets of this host, including connections that no watched interface saw. */
  tcp?: {
    connections: number;
    segments: number;
    retransmissions: number;
    round_trip_s?: { median: number; p95: number; min: number };
  };
}

/** The orders; the greatest comes first. */
export const STATISTICS_ORDERS = {
  connections: (row) => row.connections + (row.tcp?.connections ?? 0),
  rate: (row) => row.connections_per_s,
  bytes: (row) => row.sent + row.received,
  packets: (row) => row.packets,
  duration: (row) => row.duration_s?.median ?? 0,
  retransmissions: (row) => row.tcp?.retransmissions ?? 0,
  rtt: (row) => row.tcp?.round_trip_s?.median ?? 0,
} satisfies Record<string, (row: StatisticsRow) => number>;

export type StatisticsOrder = keyof typeof STATISTICS_ORDERS;

export const STATISTICS_ORDER_NAMES = Object.keys(STATISTICS_ORDERS) as StatisticsOrder[];
