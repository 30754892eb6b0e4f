/** The values of all counters at one moment. `status`, the metrics and the tests use the same figures. */

import type { Bypass } from "./event.ts";
import type { Direction, Mode, Transport, Verdict } from "../../values/traffic.ts";
import type { Histogram } from "./histogram.ts";

export interface TrafficRow {
  interface: string;
  direction: Direction;
  transport: Transport;
  verdict: Verdict;
  packets: number;
  bytes: number;
}

/** The figures that the kernel counts for a rule. */
export interface RuleCounts {
  packets: number;
  bytes: number;
  flows: number;
  would_drop: number;
  dropped: number;
  events_suppressed: number;
}

export interface RuleRow extends RuleCounts {
  id: string;
  name: string;
  action: "allow" | "block";
  enforce: boolean;
  source: string;
  /** The time of the last packet in ISO format, or null. */
  last_hit: string | null;
}

/** At any moment, emitted = received + pending + lost. */
export interface EventCounts {
  emitted: number;
  received: number;
  pending: number;
  lost: number;
  /** Events held back by a rule's event limit before the ring. They are no part of emitted. */
  suppressed: number;
}

export interface HookState {
  /** `none` if nothing could be attached, `off` if nothing should be. */
  hook: "xdp" | "tcx" | "clsact" | "none" | "off";
  /** `native` or `generic` for XDP; `link` or `filter` for TC. */
  mode: string;
  reason: string;
}

export interface InterfaceState {
  name: string;
  ifindex: number;
  /** Packets that passed before the interface was watched, if it appeared while the agent ran. */
  unseen: Record<Direction, number>;
  ingress: HookState;
  egress: HookState;
}

/** A pattern of interfaces.include for which no device is watched. */
export interface AbsentInterface {
  pattern: string;
  /** True if devices fit the pattern, and interfaces.exclude leaves out all of them. */
  excluded: boolean;
  /** The name of a device that may have been meant. */
  nearest?: string;
}

/** Packets that others than weir dropped. */
export interface Dropped {
  /** The part that dropped them: `netfilter`, `tc`, `xdp`, `queue`, `bpf` or `security`, else `stack`. */
  by: string;
  /** The kernel's own name for the reason, such as `no_socket`. */
  reason: string;
  packets: number;
}

/** TCP connections of local processes. */
export interface TcpRow {
  /** The opener's direction: `ingress` if it is outside. */
  direction: Direction;
  /** Round-trip times of connections that ended, in seconds. */
  round_trip: Histogram;
  /** Retransmitted segments of connections that ended. */
  retransmissions: Histogram;
  /** The time until a connection was established, in seconds. */
  connecting: Histogram;
  /** The number of segments that ended connections had sent. */
  segments: number;
}

/** Figures for all programs of one name. */
export interface ExecutableRow {
  /** The name without its path. Programs beyond the limit share the name `other`. */
  name: string;
  /** The number of connections that ended. */
  connections: number;
  /** The bytes of those connections. */
  sent: number;
  received: number;
}

/** Failures that were reported, of all programs of one name. */
export interface SocketFailureRow {
  /** The type is `connect_refused`, `connect_failed` or `bind_failed`. */
  type: string;
  /** The name of the process. It is `other` beyond a number of names, and for events that were not reported one by one. */
  program: string;
  /** The error, such as `ETIMEDOUT`. If the error of a bind was not seen, it is the reason that weir found, such as `port_in_use`. */
  error: string;
  count: number;
}

/** Figures about what processes did with sockets. */
export interface SocketFigures {
  /** The events by type, such as `connect_refused`. `suppressed` counts those that were not reported one by one. */
  events: Record<string, { happened: number; suppressed: number }>;
  /** Errors that the network reported to sockets, by error name, such as `ECONNREFUSED`. */
  errors: Record<string, number>;
  failures: SocketFailureRow[];
  /** The number of listeners on a port where their program was not known to listen. */
  new_ports: number;
  /** The sockets that send past the egress rules now, by how they do it. */
  bypassing: Record<Bypass, number>;
}

/** System calls about sockets of all programs with one name that had the same result. */
export interface SystemCallRow {
  /** The name of the call, such as `connect`. */
  call: string;
  /** The name of the process. Programs beyond the limit share the name `other`. */
  program: string;
  /** The name of the error, such as `ETIMEDOUT`; absent if the call succeeded. */
  error?: string;
  count: number;
}

/** The state of system call tracing, which means programs at the tracepoints of system calls. */
export interface SystemCallState {
  state: "on" | "off";
  /** The names of the tracepoints that have a program, such as `sys_exit_connect`. */
  attached: string[];
  /** The nanoseconds by which a plain system call became slower on this host; absent if that was not measured. */
  added_ns?: number;
  /** The reason why tracing is off although the configuration does not switch it off. */
  reason?: string;
}

export interface Health {
  state: "ok" | "degraded";
  reasons: string[];
}

/** Figures of a table of connections: active = inserted - deleted - evicted. */
export interface FlowFigures {
  active: number;
  inserted: number;
  deleted: number;
  evicted: number;
}

export interface Snapshot {
  pid: number;
  started: number;
  mode: Mode;
  health: Health;
  generation: number;
  interfaces: InterfaceState[];
  absent_interfaces: AbsentInterface[];
  /** Packets that passed through all interfaces before they were watched, including interfaces that are gone. */
  unseen: Record<Direction, number>;
  rules: RuleRow[];
  /** The number of bans in force. */
  bans: number;
  traffic: TrafficRow[];
  /** Undecided packets by reason, such as `tcp_header_length`. */
  undecided: Record<string, number>;
  /**
   * Packets dropped by rules that reject, by the answer that their sender got: `reset`, `prohibited`, or the reason for none.
   * Zero rows are left out.
   */
  rejects: Record<string, number>;
  /** Packets that others dropped. Zero rows are left out. */
  drops: Dropped[];
  tcp: TcpRow[];
  executables: ExecutableRow[];
  sockets: SocketFigures;
  /** These are counted while system calls are traced. */
  system_calls: SystemCallRow[];
  probes: { system_calls: SystemCallState };
  /** The setting in the configuration. */
  packet_sockets: "report" | "refuse";
  /** SYN+ACKs whose SYN was not seen, and that were believed in the first seconds of the agent. */
  believed_answers: number;
  /** Failures by place in the kernel programs, such as `flow_insert`. Zero rows are left out. */
  faults: Record<string, number>;
  /** Look-ups that were not made, because look-ups that anybody can cause had used their share of the agent's time; by purpose. */
  skipped: Record<string, number>;
  events: EventCounts;
  /** `would_drop` has the blocked connections, which are in a table of their own. */
  flows: FlowFigures & { would_drop: FlowFigures };
  /** Events lost after the ring, by stage, such as `audit`, `otel_logs`, `watch`. Zero rows are left out. */
  lost: Record<string, number>;
  /** The part of the ring in use, 0 to 1. */
  ring_fill: number;
  config: { path: string | null; loaded: number; reloads: number; failures: number; error: string | null };
}
