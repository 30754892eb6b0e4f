/** The types of events after decoding and enrichment. All consumers get the same type. */

import type { Direction, Endpoint, RuleReference, Verdict } from "../../values/traffic.ts";
import type { NetworkNamespace, Workload } from "../../values/workload.ts";

export const EVENT_TYPES = ["ALLOWED", "DETECTED", "BLOCKED", "UNDECIDED"] as const;
export type EventType = (typeof EVENT_TYPES)[number];
export const SOCKET_EVENT_TYPES = [
  "LISTENING",
  "CONNECT_REFUSED",
  "CONNECT_FAILED",
  "BIND_FAILED",
  "RAW_SOCKET",
  "PACKET_SOCKET",
  "PACKET_BYPASS",
] as const;
export type SocketEventType = (typeof SOCKET_EVENT_TYPES)[number];
/** The program that a process runs, and how it started. It is absent if the process is gone and nobody reported its program in time. */
export interface ProgramReference {
  executable?: string;
  /** The arguments, cut after some hundred bytes, and with secrets masked. */
  arguments?: string[];
  /** The working directory. */
  directory?: string;
  /** The time at which the process was made, such as 2026-11-21T03:00:00.000Z. */
  started?: string;
  /** The ancestors, the nearest first. */
  ancestors?: Ancestor[];
  /** The hash; present only if it was asked for. */
  hash?: ExecutableHash;
}

/** The hash of the file that a process runs. For a script that is its interpreter. */
export interface ExecutableHash {
  sha256?: string;
  /** The reason why there is no hash. A file that is replaced or written to meanwhile has none either. */
  missing?: "gone" | "another program" | "unreadable" | "too large" | "late";
}

export interface Ancestor {
  pid: number;
  name: string;
}

export interface ProcessReference extends ProgramReference {
  pid: number;
  /** The thread that used the socket first, or that made the call. Absent if it is the only thread or the first one of the process. */
  thread?: number;
  name: string;
  uid: number;
  /** The user's login name on this host. */
  user?: string;
  /** The process that made the socket, if that is another one. */
  creator?: number;
  /** True for a socket that is older than the agent: this process has it open, and nobody was seen using it. */
  holder?: true;
}

/** A process while it runs one program. */
export interface ProgramRun {
  pid: number;
  startedNs: bigint;
  /** The low bits of the number of programs that it has started. */
  executions: number;
}

/** The owner of a socket, as the kernel noted it when the socket was made or used. */
export interface SocketOwner {
  pid: number;
  /** The start time on the boot clock, which tells the process from others with the same number. */
  startedNs: bigint;
  /** The id of its version 2 control group. */
  cgroup: bigint;
}

/** The fields of every event about a connection, whether it opens, judges or closes the connection. */
export interface ConnectionFields extends Workload {
  /** The time in milliseconds since the epoch, with a fraction. */
  time: number;
  direction: Direction;
  /** The name of the interface, or `#12` when it is gone. */
  interface: string;
  /** `tcp`, `udp`, `icmp` or `icmpv6`, else the number that IANA assigned. */
  protocol: string;
  source: Endpoint;
  destination: Endpoint;
  icmp?: { type: number; code: number };
  vlan?: number[];
  tunnel?: { kind: "gre" | "ipip" | "vxlan" | "geneve"; id: number };
  /** The ends on the other side of NAT. `source` and `destination` are the ends on this interface. */
  nat?: { source: Endpoint; destination: Endpoint };
  process?: ProcessReference;
  rule: RuleReference;
}

/** A verdict that is reported: about the first packet of a connection, or a packet that a rule dropped or would drop. */
export interface VerdictEvent extends ConnectionFields {
  /** The number of the event since the agent started. */
  seq: number;
  type: EventType;
  verdict: Verdict;
  /** True if enforcing this rule would have dropped the packet, and it was not dropped. */
  would_drop: boolean;
  /** The reason why a packet was UNDECIDED, such as `tcp_header_length`. */
  reason?: string;
}

/** A connection that ended, or that was silent for so long that it counts as ended. */
export interface ConnectionEvent extends ConnectionFields {
  opened: number;
  closed: number;
  how: "closed" | "idle";
  /** The packets of the opener, and those of the other end. */
  packets: [number, number];
  bytes: [number, number];
  type: EventType;
  verdict: Verdict;
  /** True if enforcing its rule would have dropped it, as in a verdict event. */
  would_drop: boolean;
}

/** An action of a process with a socket, apart from packets. */
export interface SocketEvent extends Workload {
  seq: number;
  type: SocketEventType;
  time: number;
  /** Absent for packet sockets, which have none. */
  protocol?: string;
  /** The socket's own end; absent for packet sockets. */
  local?: Endpoint;
  /** The end to which a connection was refused, or failed. */
  remote?: Endpoint;
  /** The system call that failed, if weir saw it end. For BIND_FAILED it is `bind` or `listen`. */
  call?: string;
  /** The error that the process got, such as `ETIMEDOUT`; absent if weir did not see it. */
  error?: string;
  /** For CONNECT_REFUSED and CONNECT_FAILED: the time until it failed. */
  took_ms?: number;
  /** The interface to which the socket is bound. */
  interface?: string;
  /** The number of the socket's network namespace, if that is not weir's own. The addresses are then those of that namespace. */
  network_namespace?: NetworkNamespace;
  process?: ProcessReference;
  /** For LISTENING: true if this program was not known to listen on this port. */
  new?: boolean;
  /** For BIND_FAILED: the reason, if it can be known: `port_privileged`, `port_in_use` (by the holder), `address_not_here`. */
  reason?: BindFailure;
  holder?: ProcessReference;
  /** For PACKET_BYPASS: how frames of the socket pass the egress rules unseen, and the outcome. */
  bypass?: Bypass;
  outcome?: BypassOutcome;
}

/** The option PACKET_QDISC_BYPASS, an AF_XDP socket, or a packet socket that the kernel does not report. */
export type Bypass = "qdisc" | "af_xdp" | "unknown";
/** `would_refuse`: prevent mode would refuse it. `found`: nobody saw it begin, for example because it is older than the agent. */
export type BypassOutcome = "reported" | "would_refuse" | "refused" | "found";

export type BindFailure = "port_privileged" | "port_in_use" | "address_not_here";

/** An event that is reported when it happens. Only a verdict has a rule. */
export type ReportedEvent = VerdictEvent | SocketEvent;

/** An event without its time, which each consumer writes in its own form. */
export type Untimed<Event> = Event extends unknown ? Omit<Event, "time"> : never;
