/** A snapshot and events with every field that telemetry reads. */

import type { ConnectionEvent, VerdictEvent } from "../../agent/observe/events/event.ts";
import { type Histogram, TIME_BOUNDS } from "../../agent/observe/events/histogram.ts";
import type { RuleRow, Snapshot, TcpRow } from "../../agent/observe/events/snapshot.ts";
import type { OwnFigures } from "../../otel/own-figures.ts";
import { DURATION_BOUNDARIES } from "../../otel/durations.ts";

export function rule(fields: Partial<RuleRow> = {}): RuleRow {
  return {
    id: "r1",
    name: "no-telnet-in",
    action: "block",
    enforce: true,
    source: "weir.yaml:12",
    packets: 7,
    bytes: 420,
    flows: 2,
    would_drop: 3,
    dropped: 4,
    events_suppressed: 0,
    last_hit: null,
    ...fields,
  };
}

export function snapshot(fields: Partial<Snapshot> = {}): Snapshot {
  return {
    pid: 4242,
    started: Date.UTC(2026, 0, 2),
    mode: "detect",
    health: { state: "ok", reasons: [] },
    generation: 3,
    absent_interfaces: [],
    unseen: { ingress: 0, egress: 0 },
    interfaces: [
      {
        name: "eth0",
        ifindex: 2,
        unseen: { ingress: 0, egress: 0 },
        ingress: { hook: "tcx", mode: "link", reason: "native XDP would cost offloads" },
        egress: { hook: "tcx", mode: "link", reason: "TCX is there" },
      },
    ],
    rules: [rule(), rule({ id: "default", name: "default", action: "allow", source: "built-in", packets: 11, would_drop: 0, dropped: 0 })],
    traffic: [
      { interface: "eth0", direction: "ingress", transport: "tcp", verdict: "passed", packets: 11, bytes: 1100 },
      { interface: "eth0", direction: "egress", transport: "udp", verdict: "would_drop", packets: 3, bytes: 180 },
    ],
    bans: 5,
    undecided: { tcp_header_length: 2 },
    rejects: { reset: 3 },
    drops: [{ by: "stack", reason: "no_socket", packets: 4 }],
    tcp: [tcpRow("ingress"), tcpRow("egress")],
    executables: [{ name: "curl", connections: 3, sent: 300, received: 9000 }],
    believed_answers: 2,
    faults: { flow_insert: 1 },
    skipped: { listening: 4, bind_failed: 0, program: 2 },
    sockets: {
      events: {
        listening: { happened: 3, suppressed: 0 },
        connect_refused: { happened: 9, suppressed: 2 },
        connect_failed: { happened: 4, suppressed: 0 },
      },
      errors: { ECONNREFUSED: 9 },
      failures: [
        { type: "connect_failed", program: "other", error: "unknown", count: 0 },
        { type: "connect_failed", program: "curl", error: "ETIMEDOUT", count: 4 },
      ],
      new_ports: 1,
      bypassing: { qdisc: 1, af_xdp: 0, unknown: 0 },
    },
    system_calls: [
      { call: "connect", program: "other", count: 0 },
      { call: "connect", program: "curl", count: 5 },
      { call: "connect", program: "curl", error: "ETIMEDOUT", count: 2 },
    ],
    probes: { system_calls: { state: "on", attached: ["sys_exit_accept"], added_ns: 18 } },
    packet_sockets: "report",
    events: { emitted: 10, received: 7, pending: 2, lost: 1, suppressed: 5 },
    flows: { active: 6, inserted: 9, deleted: 2, evicted: 1, would_drop: { active: 2, inserted: 5, deleted: 2, evicted: 1 } },
    lost: { audit: 4 },
    ring_fill: 0.25,
    config: { path: "/etc/weir/weir.yaml", loaded: 0, reloads: 2, failures: 1, error: null },
    ...fields,
  };
}

function tcpRow(direction: TcpRow["direction"]): TcpRow {
  const histogram = (bucket: number, sum: number): Histogram => ({
    counts: Array.from({ length: TIME_BOUNDS.length + 1 }, (_, index) => (index === bucket ? 2 : 0)),
    sum,
  });
  return {
    direction,
    round_trip: histogram(4, 0.0004),
    retransmissions: histogram(1, 2),
    connecting: histogram(direction === "egress" ? 5 : -1, 0.0008),
    segments: 40,
  };
}

export function ownFigures(fields: Partial<OwnFigures> = {}): OwnFigures {
  const counts: number[] = new Array(DURATION_BOUNDARIES.length + 1).fill(0);
  counts[1] = 2;
  return {
    resident_memory: 1e8,
    cpu: { user: 1.5, system: 0.5 },
    event_loop_delay: 0.002,
    durations: [{ direction: "ingress", transport: "tcp", verdict: "passed", counts, sum: 0.1 }],
    deliveries: { logs: { offered: 6, waiting: 1, flying: 1, sent: 3, lost: 1, no_collector: 0 } },
    ...fields,
  };
}

export function verdict(fields: Partial<VerdictEvent> = {}): VerdictEvent {
  return {
    seq: 1042,
    type: "DETECTED",
    verdict: "would_drop",
    would_drop: true,
    time: Date.UTC(2026, 10, 21, 3) + 0.125,
    direction: "ingress",
    interface: "eth0",
    protocol: "tcp",
    source: { address: "198.18.0.1", port: 40000 },
    destination: { address: "198.18.0.2", port: 23 },
    process: { pid: 812, name: "telnetd", executable: "/usr/sbin/telnetd", uid: 0 },
    rule: { name: "no-telnet-in", action: "block", enforce: true, source: "weir.yaml:12" },
    ...fields,
  };
}

export function connection(fields: Partial<ConnectionEvent> = {}): ConnectionEvent {
  const opened = Date.UTC(2026, 10, 21, 3);
  return {
    type: "ALLOWED",
    verdict: "passed",
    would_drop: false,
    time: opened + 1500,
    opened,
    closed: opened + 1500,
    how: "closed",
    packets: [5, 4],
    bytes: [500, 4000],
    direction: "egress",
    interface: "eth0",
    protocol: "tcp",
    source: { address: "2001:db8::1", port: 50000 },
    destination: { address: "2001:db8::2", port: 443 },
    rule: { name: "default", action: "allow", enforce: true, source: "built-in" },
    ...fields,
  };
}
