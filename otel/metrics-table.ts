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
      "Packets seen, by what happened to them. would_drop: passed in detect, and prevent would have dropped them; carried: passed in detect, and prevent would never have met them, because it would have dropped their connection before.",
    read: ({ snapshot }) => trafficRows(snapshot, "packets"),
  },
  {
    name: "weir.io",
    kind: "counter",
    unit: "By",
    attributes: TRAFFIC,
    description: "Bytes seen, by what happened to the packets.",
    read: ({ snapshot }) => trafficRows(snapshot, "bytes"),
  },
  {
    name: "weir.rule.matches",
    kind: "counter",
    unit: "{packet}",
    attributes: ["security_rule.name", "weir.verdict"],
    description: "Packets a rule matched: passed by an allow rule, dropped, or only reported as what would be dropped.",
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
    description: "Packets that could not be decided, by reason.",
    read: ({ snapshot }) => byName({ ...zeros(UNDECIDED_REASONS), ...snapshot.undecided }),
  },
  {
    name: "weir.rejects",
    kind: "counter",
    unit: "{packet}",
    attributes: ["weir.answer"],
    description:
      "Packets dropped by rules that reject, by what their sender was told: reset or prohibited, else nothing since it was unfit, suppressed (over 1,000 a second) or failed.",
    read: ({ snapshot }) => byName(snapshot.rejects),
  },
  {
    name: "weir.drops.others",
    kind: "counter",
    unit: "{packet}",
    attributes: ["weir.drop.by", "weir.drop.reason"],
    description:
      "Packets that the kernel freed as dropped by others than weir, by whom and why: netfilter, tc, queue, ..., and the kernel's own word for the reason. All count, also those that nobody misses and weir drops leaves out.",
    read: ({ snapshot }) => snapshot.drops.map(({ by, reason, packets }) => [packets, by, reason]),
  },
  {
    name: "weir.socket.events",
    kind: "counter",
    unit: "{event}",
    attributes: ["weir.socket.event"],
    description:
      "What processes did with sockets, told or not: listening, connect_refused, connect_failed (for another reason), bind_failed, raw_socket (opened), packet_socket (opened), packet_bypass (a socket that sends past the egress rules, or was kept from it).",
    read: ({ snapshot }) => Object.entries(snapshot.sockets.events).map(([type, { happened }]) => [happened, type]),
  },
  {
    name: "weir.sockets.bypassing",
    kind: "updowncounter",
    unit: "{socket}",
    attributes: ["weir.bypass"],
    description:
      "Sockets that send past the egress rules: packet sockets with PACKET_QDISC_BYPASS (qdisc), AF_XDP sockets (af_xdp), and packet sockets of which this kernel does not tell (unknown).",
    read: ({ snapshot }) => byName(snapshot.sockets.bypassing),
  },
  {
    name: "weir.socket.events.suppressed",
    kind: "counter",
    unit: "{event}",
    attributes: ["weir.socket.event"],
    description: "Those of them that were not told one by one, because there were more in a second than events_per_second.",
    read: ({ snapshot }) => Object.entries(snapshot.sockets.events).map(([type, { suppressed }]) => [suppressed, type]),
  },
  {
    name: "weir.socket.errors",
    kind: "counter",
    unit: "{error}",
    attributes: ["error.type"],
    description: "Errors that the network told sockets of this host, by the kernel's name: ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ...",
    read: ({ snapshot }) => byName(snapshot.sockets.errors),
  },
  {
    name: "weir.socket.failures",
    kind: "counter",
    unit: "{failure}",
    attributes: ["weir.socket.event", "process.executable.name", "error.type"],
    description:
      "Connections that were refused or failed, and sockets that could not be bound, by the name of the process and the error, also of programs that do not wait for their connections. Up to 200 names, the rest as other, with those that were not reported one by one.",
    read: ({ snapshot }) => snapshot.sockets.failures.map(({ type, program, error, count }) => [count, type, program, error]),
  },
  {
    name: "weir.socket.ports.new",
    kind: "counter",
    unit: "{port}",
    attributes: [],
    description: "Listeners on a port that their program was not known to listen on.",
    read: ({ snapshot }) => [[snapshot.sockets.new_ports]],
  },
  {
    name: "weir.system_calls",
    kind: "counter",
    unit: "{call}",
    attributes: ["weir.system_call", "process.executable.name", "error.type"],
    description:
      "System calls about sockets of all kinds, counted while they are traced, by the name of the process and the error that it got; a call that succeeded has no error. EINPROGRESS and EAGAIN are no failures. Up to 200 names, the rest as other. Of recvmsg and pidfd_getfd only those count that brought descriptors, all as other.",
    read: ({ snapshot }) => snapshot.system_calls.map(({ call, program, error = "", count }) => [count, call, program, error]),
  },
  {
    name: "weir.system_calls.traced",
    kind: "updowncounter",
    unit: "{agent}",
    attributes: ["weir.system_calls.state"],
    description:
      "1 for whether system calls are traced, 0 for the other answers: on; off, as the configuration says; left_out, because this kernel refuses the programs or because they cost too much here, as weir status says.",
    read: ({ snapshot: { probes } }) => oneOf(["on", "off", "left_out"], stateOfTracing(probes.system_calls)),
  },
  {
    name: "weir.system_calls.added_time",
    kind: "gauge",
    unit: "s",
    attributes: [],
    description: "How much longer a plain system call takes on this host while system calls are traced; 0 while they are not.",
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
    description: "Connections pushed out of the flow table because it was full.",
    read: ({ snapshot }) => [[snapshot.flows.evicted]],
  },
  {
    name: "weir.flows.would_drop",
    kind: "updowncounter",
    unit: "{flow}",
    attributes: [],
    description: "Connections that go on in detect although they would be dropped; they are in a table of their own.",
    read: ({ snapshot }) => [[snapshot.flows.would_drop.active]],
  },
  {
    name: "weir.flows.would_drop.evicted",
    kind: "counter",
    unit: "{flow}",
    attributes: [],
    description: "Connections pushed out of that table because it was full.",
    read: ({ snapshot }) => [[snapshot.flows.would_drop.evicted]],
  },
  {
    name: "weir.flow.duration",
    kind: "histogram",
    unit: "s",
    attributes: ["network.io.direction", "network.transport", "weir.verdict"],
    description:
      "How long connections lasted, once they ended; would_drop: they would have been dropped, or a staged rule would have dropped them.",
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
      "Round-trip time of TCP connections of this host's sockets as they ended, smoothed by the kernel; receive: those opened from outside.",
    boundaries: TIME_BOUNDS,
    read: ({ snapshot }) => byOpener(snapshot, ({ round_trip }) => round_trip),
  },
  {
    name: "weir.tcp.retransmissions",
    kind: "histogram",
    unit: "{segment}",
    attributes: ["network.io.direction"],
    description: "Segments that TCP connections of this host's sockets sent again, once they ended.",
    boundaries: NUMBER_BOUNDS,
    read: ({ snapshot }) => byOpener(snapshot, ({ retransmissions }) => retransmissions),
  },
  {
    name: "weir.tcp.segments",
    kind: "counter",
    unit: "{segment}",
    attributes: ["network.io.direction"],
    description: "Segments that those connections sent, those sent again included.",
    read: ({ snapshot }) => snapshot.tcp.map(({ direction, segments }) => [segments, DIRECTIONS[direction]]),
  },
  {
    name: "weir.tcp.connect.duration",
    kind: "histogram",
    unit: "s",
    attributes: [],
    description: "How long it took until the other end answered a TCP connection opened here, SYNs sent again included.",
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
      "Connections that ended, by the program of their local process: up to 200 names, the rest as other; unknown where nobody knows.",
    read: ({ snapshot }) => snapshot.executables.map(({ name, connections }) => [connections, name]),
  },
  {
    name: "weir.process.io",
    kind: "counter",
    unit: "By",
    attributes: ["process.executable.name", "network.io.direction"],
    description: "Bytes of the connections of a program, added up once a minute and at their ends.",
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
    description: "Events the kernel wanted to report: received, pending and lost in the ring together.",
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
    description: "Events in the ring, not yet read.",
    read: ({ snapshot }) => [[snapshot.events.pending]],
  },
  {
    name: "weir.events.lost",
    kind: "counter",
    unit: "{event}",
    attributes: ["weir.stage"],
    description: "Events that did not arrive, by the stage that lost them: ring is the kernel's ring, the others come after it.",
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
    description: "Share of the event ring in use.",
    read: ({ snapshot }) => [[snapshot.ring_fill]],
  },
  {
    name: "weir.faults",
    kind: "counter",
    unit: "{fault}",
    attributes: ["weir.fault"],
    description: "Operations that failed in the kernel, by place.",
    read: ({ snapshot }) => byName({ ...zeros(FAULTS), ...snapshot.faults }),
  },
  {
    name: "weir.answers.believed",
    kind: "counter",
    unit: "{packet}",
    attributes: [],
    description: "SYN+ACKs that answer no SYN that was seen, and were believed because the agent had started less than 3 seconds before.",
    read: ({ snapshot }) => [[snapshot.believed_answers]],
  },
  {
    name: "weir.lookups.skipped",
    kind: "counter",
    unit: "{lookup}",
    attributes: ["weir.lookup"],
    description:
      "Look-ups that were not made, because what anybody can cause had used its share of the agent's time: the event is told without what listening (its port), bind_failed (why) or program (its file, arguments and directory) would have added.",
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
    description: "Interfaces watched, by the hook in use; none where nothing could be attached, off where the configuration wants nothing.",
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
    description: "Patterns of interfaces.include by which nothing is watched, because no device fits them.",
    read: ({ snapshot }) => [[snapshot.absent_interfaces.length]],
  },
  {
    name: "weir.packets.unseen",
    kind: "counter",
    unit: "{packet}",
    attributes: ["network.io.direction"],
    description: "Packets that passed by interfaces that appeared while weir ran, before it watched them, by the devices' own counters.",
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
    description: "1 while the configuration file is refused and what was in force before stays so, else 0.",
    read: ({ snapshot }) => [[snapshot.config.error === null ? 0 : 1]],
  },
  {
    name: "weir.config.reloads",
    kind: "counter",
    unit: "{reload}",
    attributes: [],
    description: "Configurations taken into force since the start.",
    read: ({ snapshot }) => [[snapshot.config.reloads]],
  },
  {
    name: "weir.config.failures",
    kind: "counter",
    unit: "{reload}",
    attributes: [],
    description: "Configurations refused; the one before stayed in force.",
    read: ({ snapshot }) => [[snapshot.config.failures]],
  },
  {
    name: "weir.telemetry.records",
    kind: "counter",
    unit: "{record}",
    attributes: ["weir.signal", "weir.outcome"],
    description:
      "Spans, data points and log records, by whether the collector acknowledged them; no_collector: nobody asked for one, and none is there.",
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
    description: "Processor time the agent used, all threads.",
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
    description: "How late the agent's main thread was at worst, in the last 10 to 20 seconds.",
    read: ({ own }) => [[own.event_loop_delay]],
  },
  {
    name: "weir.metrics.folded",
    kind: "updowncounter",
    unit: "{series}",
    attributes: ["weir.metric"],
    description: "Series added up into one marked otel_metric_overflow, because their metric had more than 2,000.",
    read: ({ folded }) => byName({ ...zeros(MANY_SERIES), ...Object.fromEntries(folded) }),
  },
];
