/** What the counters say at one moment. The same figures feed `status`, the metrics and the tests. */

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
  /** ISO time of the last packet, or null. */
  last_hit: string | null;
}

/** emitted = received + pending + lost, at any moment. */
export interface EventCounts {
  emitted: number;
  received: number;
  pending: number;
  lost: number;
  /** Held back by a rule's event limit, before the ring; not part of emitted. */
  suppressed: number;
}

export interface HookState {
  /** `none`: nothing could be attached. `off`: nothing should be. */
  hook: "xdp" | "tcx" | "clsact" | "none" | "off";
  /** `native`, `generic` for XDP; `link` or `filter` for TC. */
  mode: string;
  reason: string;
}

export interface InterfaceState {
  name: string;
  ifindex: number;
  /** Packets that passed before it was watched, where it appeared while the agent ran. */
  unseen: Record<Direction, number>;
  ingress: HookState;
  egress: HookState;
}

/** A pattern of interfaces.include by which no device is watched. */
export interface AbsentInterface {
  pattern: string;
  /** There are devices that it fits, and interfaces.exclude leaves out all of them. */
  excluded: boolean;
  /** The name of a device that may have been meant. */
  nearest?: string;
}

/** Packets that others than weir dropped. */
export interface Dropped {
  /** `netfilter`, `tc`, `xdp`, `queue`, `bpf`, `security`, else `stack`. */
  by: string;
  /** The kernel's own word, as `no_socket`. */
  reason: string;
  packets: number;
}

/** TCP connections of local processes. */
export interface TcpRow {
  /** Who opened them: `ingress` from outside. */
  direction: Direction;
  /** Of those that ended, in seconds. */
  round_trip: Histogram;
  /** Segments sent again, of those that ended. */
  retransmissions: Histogram;
  /** How long connecting took, in seconds. */
  connecting: Histogram;
  /** Sent by those that ended. */
  segments: number;
}

/** What programs of one name did. */
export interface ExecutableRow {
  /** Without its path; `other` beyond so many. */
  name: string;
  /** That ended. */
  connections: number;
  /** Bytes of those. */
  sent: number;
  received: number;
}

/** What processes did with sockets. */
export interface SocketFigures {
  /** By type, as `connect_refused`; suppressed are those that were not told one by one. */
  events: Record<string, { happened: number; suppressed: number }>;
  /** By error number, as `ECONNREFUSED`: what the network told sockets. */
  errors: Record<string, number>;
  /** Listeners on a port that their program was not known to listen on. */
  new_ports: number;
  /** Sockets that are there now and send past the egress rules, by how they do it. */
  bypassing: Record<Bypass, number>;
}

/** System calls about sockets that programs of one name made, and that ended alike. */
export interface SystemCallRow {
  /** As `connect`. */
  call: string;
  /** Name of the process; `other` beyond so many. */
  program: string;
  /** By its name, as `ETIMEDOUT`; absent if the call succeeded. */
  error?: string;
  count: number;
}

/** Whether system calls are traced: the programs at their tracepoints. */
export interface SystemCallState {
  state: "on" | "off";
  /** Names of the places that have a program, as `sys_exit_connect`. */
  attached: string[];
  /** By how much a plain system call got slower here, in nanoseconds; absent if it was not measured. */
  added_ns?: number;
  /** Why they are off although the configuration does not say so. */
  reason?: string;
}

export interface Health {
  state: "ok" | "degraded";
  reasons: string[];
}

/** Of a table of connections: active = inserted - deleted - evicted. */
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
  /** Packets that passed by all interfaces before they were watched, those that have gone included. */
  unseen: Record<Direction, number>;
  rules: RuleRow[];
  /** In force. */
  bans: number;
  traffic: TrafficRow[];
  /** By reason, as `tcp_header_length`. */
  undecided: Record<string, number>;
  /** Packets dropped by rules that reject, by what their sender was told: `reset`, `prohibited`, or why not. Zero rows are left out. */
  rejects: Record<string, number>;
  /** Zero rows are left out. */
  drops: Dropped[];
  tcp: TcpRow[];
  executables: ExecutableRow[];
  sockets: SocketFigures;
  /** Counted while system calls are traced. */
  system_calls: SystemCallRow[];
  probes: { system_calls: SystemCallState };
  /** The configuration's word on them. */
  packet_sockets: "report" | "refuse";
  /** SYN+ACKs that nothing asked for, and that were believed in the first seconds of the agent. */
  believed_answers: number;
  /** By place in the kernel, as `flow_insert`. Zero rows are left out. */
  faults: Record<string, number>;
  /** Look-ups that were not made, because what anybody can cause had used its share of the agent's time; by what was to be explained. */
  skipped: Record<string, number>;
  events: EventCounts;
  /** `would_drop`: those that detect lets go on although they would be dropped, which have a table of their own. */
  flows: FlowFigures & { would_drop: FlowFigures };
  /** Events lost after the ring, by stage, as `audit`, `otel_logs`, `watch`. Zero rows are left out. */
  lost: Record<string, number>;
  /** Share of the ring in use, 0 to 1. */
  ring_fill: number;
  config: { path: string | null; loaded: number; reloads: number; failures: number; error: string | null };
}
