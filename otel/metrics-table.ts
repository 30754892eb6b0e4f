/** Every metric of weir. The export, the Prometheus names, the dashboards and the reference in otel/README.md follow from this table. */

import { type Histogram, NUMBER_BOUNDS, TIME_BOUNDS } from "../agent/observe/events/histogram.ts";
import { FAULTS, UNDECIDED_REASONS, VERDICTS } from "../agent/observe/events/known.ts";
import type { Snapshot, SystemCallState, TcpRow, TrafficRow } from "../agent/observe/events/snapshot.ts";
import { DIRECTIONS } from "./attributes.ts";
import { DURATION_BOUNDARIES } from "./durations.ts";
import type { OwnFigures } from "./own-figures.ts";

export interface MetricSources {
  snapshot: Snapshot;
  own: OwnFigures;
  /** The number of series of each metric that were folded into one because there were too many. It is known once all others are read. */
  folded: Map<string, number>;
}

/** A value and the values of the metric's attributes, in their order. An empty attribute is left out. */
export type Row = readonly [value: number, ...attributes: string[]];

export interface HistogramRow {
  attributes: string[];
  counts: number[];
  sum: number;
}

interface Description {
  name: string;
  /** The unit in UCUM. The name of counted things stands in braces. */
  unit: string;
  description: string;
  attributes: readonly string[];
}

export interface NumberMetric extends Description {
  kind: "counter" | "updowncounter" | "gauge";
  read(reading: MetricSources): Row[];
}

export interface HistogramMetric extends Description {
  kind: "histogram";
  boundaries: readonly number[];
  read(reading: MetricSources): HistogramRow[];
}

export type Metric = NumberMetric | HistogramMetric;

const TRAFFIC = ["network.io.direction", "network.interface.name", "network.transport", "weir.verdict"] as const;

function trafficAttributes(row: TrafficRow): string[] {
  return [DIRECTIONS[row.direction], row.interface, row.transport, row.verdict];
}

/** Each verdict has a series from the start: an alert on the growth of a series would miss what comes together with the series. */
function trafficRows({ traffic, interfaces }: Snapshot, field: "packets" | "bytes"): Row[] {
  const met = new Set(traffic.map(({ verdict }) => verdict));
  const missing = VERDICTS.filter((verdict) => !met.has(verdict));
  return [
    ...traffic.map((row): Row => [row[field], ...trafficAttributes(row)]),
    ...missing.map((verdict): Row => [0, DIRECTIONS.ingress, interfaces[0]?.name ?? "other", "other", verdict]),
  ];
}

/** Returns a row for each value that an attribute may take, with 1 for the value that holds now and 0 for the others. */
function oneOf(values: readonly string[], current: string): Row[] {
  return values.map((value) => [value === current ? 1 : 0, value]);
}

/** Counts the items of a list by their attributes. */
function countBy<T>(list: readonly T[], attributes: (item: T) => string[]): Row[] {
  const counts = new Map<string, [number, ...string[]]>();
  for (const item of list) {
    const values = attributes(item);
    const row = counts.get(values.join("\0")) ?? [0, ...values];
    row[0]++;
    counts.set(values.join("\0"), row);
  }
  return [...counts.values()];
}

/** Returns the histograms of TCP connections by the opener's direction. */
function byOpener({ tcp }: Snapshot, read: (row: TcpRow) => Histogram): HistogramRow[] {
  return tcp.map((row) => ({ attributes: [DIRECTIONS[row.direction]], ...read(row) }));
}

function stateOfTracing({ state, reason }: SystemCallState): string {
  return state === "off" && reason !== undefined ? "left_out" : state;
}

function byName(values: Readonly<Record<string, number>>): Row[] {
  return Object.entries(values).map(([name, value]) => [value, name]);
}

function zeros(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, 0]));
}

/** The metrics with a series for each interface or rule, or for each program and error. */
const MANY_SERIES = ["weir.packets", "weir.io", "weir.rule.matches", "weir.socket.failures", "weir.system_calls"];

export const METRICS: readonly Metric[] = [
  {
    name: "weir.packets",
    kind: "counter",
    unit: "{packet}",
    attributes: TRAFFIC,
    description:
      "Packets by verdict. would_drop: the packet passed in detect, and prevent would have dropped it. carried: the packet passed in detect, and prevent would never have met it, because it would have dropped its connection before.",
    read: ({ snapshot }) => trafficRows(snapshot, "packets"),
  },
  {
    name: "weir.io",
    kind: "counter",
    unit: "By",
    attributes: TRAFFIC,
    description: "Bytes of packets by verdict.",
    read: ({ snapshot }) => trafficRows(snapshot, "bytes"),
  },
  {
    name: "weir.rule.matches",
    kind: "counter",
    unit: "{packet}",
    attributes: ["security_rule.name", "weir.verdict"],
    description:
      "Packets that a rule matched: an allow rule passed them, or a block rule dropped them or only reported that it would drop them.",
    read: ({ snapshot }) =>
      snapshot.rules.flatMap((rule): Row[] =>
        rule.action === "allow"
          ? [[rule.packets, rule.name, "passed"]]
          : [
              [rule.dropped, rule.name, "dropped"],
              [rule.would_drop, rule.name, "would_drop"],
            ],
      ),
  },
  {
    name: "weir.undecided",
    kind: "counter",
    unit: "{packet}",
    attributes: ["error.type"],
    description: "Packets that weir could not decide, by reason.",
    read: ({ snapshot }) => byName({ ...zeros(UNDECIDED_REASONS), ...snapshot.undecided }),
  },
  {
    name: "weir.rejects",
    kind: "counter",
    unit: "{packet}",
    attributes: ["weir.answer"],
    description:
      "Packets dropped by rules with `reject`, by the answer to their sender: reset or prohibited; or the reason for no answer: unfit (such a packet is never answered), suppressed (more than 1,000 a second) or failed.",
    read: ({ snapshot }) => byName(snapshot.rejects),
  },
  {
    name: "weir.drops.others",
    kind: "counter",
    unit: "{packet}",
    attributes: ["weir.drop.by", "weir.drop.reason"],
    description:
      "Packets that others than weir dropped, by the part of the kernel (netfilter, tc, queue, ...) and the kernel's own name for the reason. The metric counts all of them, including harmless ones that weir drops leaves out.",
    read: ({ snapshot }) => snapshot.drops.map(({ by, reason, packets }) => [packets, by, reason]),
  },
  {
    name: "weir.socket.events",
    kind: "counter",
    unit: "{event}",
    attributes: ["weir.socket.event"],
    description:
      "Events about sockets of processes, reported one by one or not: listening, connect_refused, connect_failed (for another reason), bind_failed, raw_socket (opened), packet_socket (opened), packet_bypass (a socket sends past the egress rules, or was refused to).",
    read: ({ snapshot }) => Object.entries(snapshot.sockets.events).map(([type, { happened }]) => [happened, type]),
  },
  {
    name: "weir.sockets.bypassing",
    kind: "updowncounter",
    unit: "{socket}",
    attributes: ["weir.bypass"],
    description:
      "Sockets that send past the egress rules: packet sockets with PACKET_QDISC_BYPASS (qdisc), AF_XDP sockets (af_xdp), and packet sockets that this kernel does not report (unknown).",
    read: ({ snapshot }) => byName(snapshot.sockets.bypassing),
  },
  {
    name: "weir.socket.events.suppressed",
    kind: "counter",
    unit: "{event}",
    attributes: ["weir.socket.event"],
    description: "Events about sockets that were not reported one by one, because there were more in a second than events_per_second.",
    read: ({ snapshot }) => Object.entries(snapshot.sockets.events).map(([type, { suppressed }]) => [suppressed, type]),
  },
  {
    name: "weir.socket.errors",
    kind: "counter",
    unit: "{error}",
    attributes: ["error.type"],
    description:
      "Errors that the network reported to sockets of this host, by the kernel's name: ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ...",
    read: ({ snapshot }) => byName(snapshot.sockets.errors),
  },
  {
    name: "weir.socket.failures",
    kind: "counter",
    unit: "{failure}",
    attributes: ["weir.socket.event", "process.executable.name", "error.type"],
    description:
      "Connections that were refused or failed, and sockets that could not be bound, by the name of the process and the error. Programs that do not wait for their connections are included. Up to 200 names are kept apart; other has all further names, and the events that were not reported one by one.",
    read: ({ snapshot }) => snapshot.sockets.failures.map(({ type, program, error, count }) => [count, type, program, error]),
  },
  {
    name: "weir.socket.ports.new",
    kind: "counter",
    unit: "{port}",
    attributes: [],
    description: "Listeners on a port where their program was not known to listen.",
    read: ({ snapshot }) => [[snapshot.sockets.new_ports]],
  },
  {
    name: "weir.system_calls",
    kind: "counter",
    unit: "{call}",
    attributes: ["weir.system_call", "process.executable.name", "error.type"],
    description:
      "System calls about sockets of all kinds, counted while they are traced, by the name of the process and the error that it got; a call that succeeded has no error. EINPROGRESS and EAGAIN are no failures. Up to 200 names are kept apart; other has all further names. Calls of recvmsg and pidfd_getfd count only if they received descriptors, and all of them as other.",
    read: ({ snapshot }) => snapshot.system_calls.map(({ call, program, error = "", count }) => [count, call, program, error]),
  },
  {
    name: "weir.system_calls.traced",
    kind: "updowncounter",
    unit: "{agent}",
    attributes: ["weir.system_calls.state"],
    description:
      "1 for the state of system call tracing, 0 for the other states: on; off (switched off by the configuration); left_out (this kernel refuses the programs, or they cost too much on this host; weir status tells which).",
    read: ({ snapshot: { probes } }) => oneOf(["on", "off", "left_out"], stateOfTracing(probes.system_calls)),
  },
  {
    name: "weir.system_calls.added_time",
    kind: "gauge",
    unit: "s",
    attributes: [],
    description: "The time that tracing adds to a plain system call on this host; 0 while system calls are not traced.",
    read: ({ snapshot: { probes } }) => [[probes.system_calls.state === "on" ? (probes.system_calls.added_ns ?? 0) / 1e9 : 0]],
  },
  {
    name: "weir.flows.active",
    kind: "updowncounter",
    unit: "{flow}",
    attributes: [],
    description: "Connections in the flow table.",
    read: ({ snapshot }) => [[snapshot.flows.active]],
  },
  {
    name: "weir.flows.inserted",
    kind: "counter",
    unit: "{flow}",
    attributes: [],
    description: "Connections that entered the flow table.",
    read: ({ snapshot }) => [[snapshot.flows.inserted]],
  },
  {
    name: "weir.flows.deleted",
    kind: "counter",
    unit: "{flow}",
    attributes: [],
    description: "Connections that left the flow table because they ended or were silent.",
    read: ({ snapshot }) => [[snapshot.flows.deleted]],
  },
  {
    name: "weir.flows.evicted",
    kind: "counter",
    unit: "{flow}",
    attributes: [],
    description: "Connections evicted from the flow table because it was full.",
    read: ({ snapshot }) => [[snapshot.flows.evicted]],
  },
  {
    name: "weir.flows.would_drop",
    kind: "updowncounter",
    unit: "{flow}",
    attributes: [],
    description: "Blocked connections: they go on in detect although they would be dropped, and are in a table of their own.",
    read: ({ snapshot }) => [[snapshot.flows.would_drop.active]],
  },
  {
    name: "weir.flows.would_drop.evicted",
    kind: "counter",
    unit: "{flow}",
    attributes: [],
    description: "Blocked connections evicted from their table because it was full.",
    read: ({ snapshot }) => [[snapshot.flows.would_drop.evicted]],
  },
  {
    name: "weir.flow.duration",
    kind: "histogram",
    unit: "s",
    attributes: ["network.io.direction", "network.transport", "weir.verdict"],
    description:
      "The duration of connections that ended. would_drop: the connection would have been dropped, or a staged rule would have dropped it.",
    boundaries: DURATION_BOUNDARIES,
    read: ({ own }) =>
      own.durations.map((row) => ({
        attributes: [DIRECTIONS[row.direction], row.transport, row.verdict],
        counts: row.counts,
        sum: row.sum,
      })),
  },
  {
    name: "weir.tcp.rtt",
    kind: "histogram",
    unit: "s",
    attributes: ["network.io.direction"],
    description:
      "The kernel's smoothed round-trip time of TCP connections of this host's sockets when they ended. receive: the connection was opened from outside.",
    boundaries: TIME_BOUNDS,
    read: ({ snapshot }) => byOpener(snapshot, ({ round_trip }) => round_trip),
  },
  {
    name: "weir.tcp.retransmissions",
    kind: "histogram",
    unit: "{segment}",
    attributes: ["network.io.direction"],
    description: "Segments that ended TCP connections of this host's sockets retransmitted.",
    boundaries: NUMBER_BOUNDS,
    read: ({ snapshot }) => byOpener(snapshot, ({ retransmissions }) => retransmissions),
  },
  {
    name: "weir.tcp.segments",
    kind: "counter",
    unit: "{segment}",
    attributes: ["network.io.direction"],
    description: "Segments that ended TCP connections of this host's sockets sent, retransmissions included.",
    read: ({ snapshot }) => snapshot.tcp.map(({ direction, segments }) => [segments, DIRECTIONS[direction]]),
  },
  {
    name: "weir.tcp.connect.duration",
    kind: "histogram",
    unit: "s",
    attributes: [],
    description: "The time until the other end answered a TCP connection opened on this host, including retransmissions of the SYN.",
    boundaries: TIME_BOUNDS,
    read: ({ snapshot }) =>
      snapshot.tcp.flatMap(({ direction, connecting }) => (direction === "egress" ? [{ attributes: [], ...connecting }] : [])),
  },
  {
    name: "weir.process.connections",
    kind: "counter",
    unit: "{connection}",
    attributes: ["process.executable.name"],
    description:
      "Connections that ended, by the program of their local process. Up to 200 names are kept apart; other has all further names, and unknown the connections whose process is not known.",
    read: ({ snapshot }) => snapshot.executables.map(({ name, connections }) => [connections, name]),
  },
  {
    name: "weir.process.io",
    kind: "counter",
    unit: "By",
    attributes: ["process.executable.name", "network.io.direction"],
    description: "Bytes of the connections of a program. Long connections are added once a minute, and all at their end.",
    read: ({ snapshot }) =>
      snapshot.executables.flatMap(({ name, sent, received }): Row[] => [
        [sent, name, "transmit"],
        [received, name, "receive"],
      ]),
  },
  {
    name: "weir.events.emitted",
    kind: "counter",
    unit: "{event}",
    attributes: [],
    description: "Events that the kernel programs emitted: the sum of received, pending and lost in the ring.",
    read: ({ snapshot }) => [[snapshot.events.emitted]],
  },
  {
    name: "weir.events.received",
    kind: "counter",
    unit: "{event}",
    attributes: [],
    description: "Events read from the ring.",
    read: ({ snapshot }) => [[snapshot.events.received]],
  },
  {
    name: "weir.events.pending",
    kind: "updowncounter",
    unit: "{event}",
    attributes: [],
    description: "Events in the ring that are not read yet.",
    read: ({ snapshot }) => [[snapshot.events.pending]],
  },
  {
    name: "weir.events.lost",
    kind: "counter",
    unit: "{event}",
    attributes: ["weir.stage"],
    description: "Events that were lost, by the stage that lost them: ring is the kernel's ring, and all other stages come after it.",
    read: ({ snapshot }) => [[snapshot.events.lost, "ring"], ...byName(snapshot.lost)],
  },
  {
    name: "weir.events.suppressed",
    kind: "counter",
    unit: "{event}",
    attributes: [],
    description:
      "Events held back by the limit of a rule, or of a kind of socket event; they are counted in the rule's matches, and in weir.socket.events.",
    read: ({ snapshot }) => [[snapshot.events.suppressed]],
  },
  {
    name: "weir.ring.fill",
    kind: "gauge",
    unit: "1",
    attributes: [],
    description: "The part of the event ring that is in use, 0 to 1.",
    read: ({ snapshot }) => [[snapshot.ring_fill]],
  },
  {
    name: "weir.faults",
    kind: "counter",
    unit: "{fault}",
    attributes: ["weir.fault"],
    description: "Operations that failed in the kernel programs, by place.",
    read: ({ snapshot }) => byName({ ...zeros(FAULTS), ...snapshot.faults }),
  },
  {
    name: "weir.answers.believed",
    kind: "counter",
    unit: "{packet}",
    attributes: [],
    description: "SYN+ACKs whose SYN was not seen, and that were believed because the agent had started less than 3 seconds before.",
    read: ({ snapshot }) => [[snapshot.believed_answers]],
  },
  {
    name: "weir.lookups.skipped",
    kind: "counter",
    unit: "{lookup}",
    attributes: ["weir.lookup"],
    description:
      "Look-ups that were not made, because look-ups that any user can cause had used their share of the agent's time. The event then lacks: listening, its port; bind_failed, the reason; program, its file, arguments and directory.",
    read: ({ snapshot }) => byName(snapshot.skipped),
  },
  {
    name: "weir.rules.loaded",
    kind: "updowncounter",
    unit: "{rule}",
    attributes: ["weir.rule.action", "weir.rule.enforce"],
    description: "The operator's rules in force.",
    read: ({ snapshot }) =>
      countBy(
        snapshot.rules.filter((rule) => rule.source !== "built-in"),
        (rule) => [rule.action, String(rule.enforce)],
      ),
  },
  {
    name: "weir.bans.active",
    kind: "updowncounter",
    unit: "{ban}",
    attributes: [],
    description: "Addresses and prefixes that are banned.",
    read: ({ snapshot }) => [[snapshot.bans]],
  },
  {
    name: "weir.mode",
    kind: "updowncounter",
    unit: "{agent}",
    attributes: ["weir.mode"],
    description: "1 for the mode in force, 0 for the other.",
    read: ({ snapshot }) => oneOf(["detect", "prevent"], snapshot.mode),
  },
  {
    name: "weir.health",
    kind: "updowncounter",
    unit: "{agent}",
    attributes: ["weir.health"],
    description: "1 for the state the agent is in, 0 for the other.",
    read: ({ snapshot }) => oneOf(["ok", "degraded"], snapshot.health.state),
  },
  {
    name: "weir.interfaces",
    kind: "updowncounter",
    unit: "{interface}",
    attributes: ["network.io.direction", "weir.hook"],
    description: "Interfaces by the hook in use. none: no program could be attached. off: the configuration switches it off.",
    read: ({ snapshot }) => {
      const rows = countBy(
        snapshot.interfaces.flatMap(({ ingress, egress }) => [
          ["receive", ingress.hook],
          ["transmit", egress.hook],
        ]),
        (values) => values,
      );
      // An alert needs the series before the event, so its value is 0 until then.
      const absent = ["receive", "transmit"].filter((direction) => !rows.some(([, of, hook]) => of === direction && hook === "none"));
      return [...rows, ...absent.map((direction): Row => [0, direction, "none"])];
    },
  },
  {
    name: "weir.interfaces.absent",
    kind: "updowncounter",
    unit: "{pattern}",
    attributes: [],
    description: "Patterns of interfaces.include for which no device is watched, because none fits.",
    read: ({ snapshot }) => [[snapshot.absent_interfaces.length]],
  },
  {
    name: "weir.packets.unseen",
    kind: "counter",
    unit: "{packet}",
    attributes: ["network.io.direction"],
    description:
      "Packets that passed through interfaces that appeared while weir ran, before weir watched them. The devices' own counters tell their number.",
    read: ({ snapshot }) => [
      [snapshot.unseen.ingress, DIRECTIONS.ingress],
      [snapshot.unseen.egress, DIRECTIONS.egress],
    ],
  },
  {
    name: "weir.config.refused",
    kind: "updowncounter",
    unit: "{file}",
    attributes: [],
    description: "1 while the configuration file is refused and the earlier rules stay in force, else 0.",
    read: ({ snapshot }) => [[snapshot.config.error === null ? 0 : 1]],
  },
  {
    name: "weir.config.reloads",
    kind: "counter",
    unit: "{reload}",
    attributes: [],
    description: "Configurations that came into force since the start.",
    read: ({ snapshot }) => [[snapshot.config.reloads]],
  },
  {
    name: "weir.config.failures",
    kind: "counter",
    unit: "{reload}",
    attributes: [],
    description: "Configurations that were refused, so that the earlier one stayed in force.",
    read: ({ snapshot }) => [[snapshot.config.failures]],
  },
  {
    name: "weir.telemetry.records",
    kind: "counter",
    unit: "{record}",
    attributes: ["weir.signal", "weir.outcome"],
    description:
      "Spans, data points and log records, by outcome. sent: the collector acknowledged them. lost: it did not. no_collector: no collector is configured, and none listens at the usual address.",
    read: ({ own }) =>
      Object.entries(own.deliveries).flatMap(([signal, { sent, lost, no_collector }]): Row[] => [
        [sent, signal, "sent"],
        [lost, signal, "lost"],
        [no_collector, signal, "no_collector"],
      ]),
  },
  {
    name: "weir.telemetry.queued",
    kind: "updowncounter",
    unit: "{record}",
    attributes: ["weir.signal"],
    description: "Spans, data points and log records on their way to the collector.",
    read: ({ own }) => Object.entries(own.deliveries).map(([signal, { waiting, flying }]) => [waiting + flying, signal]),
  },
  {
    name: "process.memory.usage",
    kind: "updowncounter",
    unit: "By",
    attributes: [],
    description: "Physical memory the agent uses.",
    read: ({ own }) => [[own.resident_memory]],
  },
  {
    name: "process.cpu.time",
    kind: "counter",
    unit: "s",
    attributes: ["cpu.mode"],
    description: "CPU time of the agent, in all threads.",
    read: ({ own }) => [
      [own.cpu.user, "user"],
      [own.cpu.system, "system"],
    ],
  },
  {
    name: "nodejs.eventloop.delay.max",
    kind: "gauge",
    unit: "s",
    attributes: [],
    description: "The longest delay of the agent's main thread in the last 10 to 20 seconds.",
    read: ({ own }) => [[own.event_loop_delay]],
  },
  {
    name: "weir.metrics.folded",
    kind: "updowncounter",
    unit: "{series}",
    attributes: ["weir.metric"],
    description: "Series that were summed into one series marked otel_metric_overflow, because their metric had more than 2,000.",
    read: ({ folded }) => byName({ ...zeros(MANY_SERIES), ...Object.fromEntries(folded) }),
  },
];
