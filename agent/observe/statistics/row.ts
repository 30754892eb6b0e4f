/** What `weir stats` shows, and in which order. */

import type { Workload } from "../../values/workload.ts";
import type { Account } from "../flows/groups.ts";

export interface StatisticsRow extends Workload {
  /** Of the process, program, container, pod, unit, peer or service. */
  name: string;
  /** Where it stands for one. */
  process?: Account["process"] & object;
  /** On watched interfaces, since the agent started. */
  connections: number;
  /** Of those, how many detect let go on that would be dropped. */
  would_drop: number;
  /** Of those, how many there are now. */
  live: number;
  /** How many opened, over the last minute. */
  connections_per_s: number;
  packets: number;
  /** Bytes that left this host, and that came. */
  sent: number;
  received: number;
  /** How long connections lasted that ended. */
  duration_s?: { median: number; p95: number };
  /** What TCP sockets of this host tell, also of connections that no watched interface saw. */
  tcp?: {
    connections: number;
    segments: number;
    retransmissions: number;
    round_trip_s?: { median: number; p95: number; min: number };
  };
}

/** The greatest first. */
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
