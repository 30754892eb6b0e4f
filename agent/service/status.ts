/** Turns a snapshot of the counters into what `weir status` says. */

import type { Verdict } from "../values/traffic.ts";
import type { Snapshot, TrafficRow } from "../observe/events/snapshot.ts";
import type { AuditFiles, Status, TrafficCell } from "./contract.ts";
import { VERSION } from "../values/version.ts";

const WINDOW_MS = 10_000;

export function statusOf(
  snapshot: Snapshot,
  rates: TrafficRates,
  audit: AuditFiles,
  telemetry: Status["telemetry"] = {},
  wallClock = Date.now(),
): Status {
  const own = snapshot.rules.filter((rule) => rule.source !== "built-in");
  return {
    pid: snapshot.pid,
    version: VERSION,
    uptime_s: Math.max(0, (wallClock - snapshot.started) / 1000),
    mode: snapshot.mode,
    health: snapshot.health,
    generation: snapshot.generation,
    interfaces: snapshot.interfaces,
    rules: {
      loaded: own.length,
      enforced: own.filter((rule) => rule.action === "block" && rule.enforce).length,
    },
    counters: {
      packets: sumByVerdict(snapshot.traffic, "packets"),
      bytes: sumByVerdict(snapshot.traffic, "bytes"),
      events: snapshot.events,
    },
    traffic: rates.cells(snapshot.traffic),
    flows: snapshot.flows,
    bans: snapshot.bans,
    packet_sockets: { policy: snapshot.packet_sockets, bypassing: snapshot.sockets.bypassing },
    probes: snapshot.probes,
    undecided: snapshot.undecided,
    rejects: snapshot.rejects,
    believed_answers: snapshot.believed_answers,
    faults: snapshot.faults,
    skipped: nonZero(snapshot.skipped),
    lost: snapshot.lost,
    ring_fill: snapshot.ring_fill,
    config: snapshot.config,
    audit,
    absent_interfaces: snapshot.absent_interfaces,
    telemetry,
  };
}

export function sumByVerdict<Field extends string>(
  rows: readonly ({ verdict: Verdict } & Record<Field, number>)[],
  field: Field,
): Record<Verdict, number> {
  const sums: Record<Verdict, number> = { passed: 0, dropped: 0, would_drop: 0, carried: 0, undecided: 0 };
  for (const row of rows) sums[row.verdict] += row[field];
  return sums;
}

interface Sample {
  at: number;
  counted: Map<string, { packets: number; bytes: number }>;
}

/** Remembers the traffic counters of the last ten seconds. Sample it about once a second, on the monotonic clock (performance.now()). */
export class TrafficRates {
  #samples: Sample[] = [];

  sample(rows: readonly TrafficRow[], now: number): void {
    const counted = new Map(rows.map((row) => [cellKey(row), { packets: row.packets, bytes: row.bytes }]));
    this.#samples.push({ at: now, counted });
    while (this.#samples.length > 2 && now - this.#samples[1]!.at >= WINDOW_MS) this.#samples.shift();
  }

  cells(rows: readonly TrafficRow[]): TrafficCell[] {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    const seconds = first && last ? (last.at - first.at) / 1000 : 0;
    return rows
      .filter((row) => row.packets > 0)
      .map((row) => {
        const before = first?.counted.get(cellKey(row));
        const after = last?.counted.get(cellKey(row));
        // A counter that went back belongs to an interface that was made anew.
        const rate = (field: "packets" | "bytes") =>
          seconds > 0 && after ? Math.max(0, after[field] - (before?.[field] ?? 0)) / seconds : 0;
        return { ...row, packets_per_s: rate("packets"), bytes_per_s: rate("bytes") };
      });
  }
}

function cellKey(row: TrafficRow): string {
  return `${row.interface}\0${row.direction}\0${row.transport}\0${row.verdict}`;
}

function nonZero(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
