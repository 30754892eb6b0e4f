/** Counts how long connections lasted, in plain arrays: a recording costs nanoseconds, a reading copies a few hundred bytes. */

import type { ConnectionEvent } from "../agent/observe/events/event.ts";
import type { Direction, Transport, Verdict } from "../agent/values/traffic.ts";
import { reportedVerdict } from "./attributes.ts";

/** The upper bounds of the buckets in seconds: from a refused connection to one that lives for days. */
export const DURATION_BOUNDARIES = [0.01, 0.1, 1, 5, 15, 60, 300, 1800, 3600, 21600, 86400] as const;

export interface DurationRow {
  direction: Direction;
  transport: Transport;
  verdict: Verdict;
  /** There is one more count than there are boundaries, because the last bucket has no upper bound. */
  counts: number[];
  sum: number;
}

export class Durations {
  readonly #rows = new Map<string, DurationRow>();

  record(connection: ConnectionEvent): void {
    const transport = transportOf(connection.protocol);
    const verdict = reportedVerdict(connection);
    const key = `${connection.direction} ${transport} ${verdict}`;
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = { direction: connection.direction, transport, verdict, counts: new Array(DURATION_BOUNDARIES.length + 1).fill(0), sum: 0 };
      this.#rows.set(key, row);
    }
    const seconds = Math.max(0, connection.closed - connection.opened) / 1000;
    let bucket = 0;
    while (bucket < DURATION_BOUNDARIES.length && seconds > DURATION_BOUNDARIES[bucket]!) bucket++;
    row.counts[bucket]!++;
    row.sum += seconds;
  }

  rows(): DurationRow[] {
    return [...this.#rows.values()].map((row) => ({ ...row, counts: [...row.counts] }));
  }
}

function transportOf(protocol: string): Transport {
  if (protocol === "tcp" || protocol === "udp") return protocol;
  return protocol === "icmp" || protocol === "icmpv6" ? "icmp" : "other";
}
