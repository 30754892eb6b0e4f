/** What weir says about a packet or a connection, after decoding and enrichment. One shape for all consumers. */

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
/** What a process runs, and how it came to that; absent where it is gone and nobody was told in time. */
export interface ProgramReference {
  executable?: string;
  /** Cut after some hundred bytes, and without what looks like a secret. */
  arguments?: string[];
  /** The working directory. */
  directory?: string;
  /** When the process was made, as 2026-11-21T03:00:00.000Z. */
  started?: string;
  /** The nearest first. */
  ancestors?: Ancestor[];
  /** Only where it was asked for. */
  hash?: ExecutableHash;
}

/** Of the file that a process runs; of a script it is its interpreter. */
export interface ExecutableHash {
  sha256?: string;
  /** Why there is none: what ends, is replaced or is written to meanwhile has none either. */
  missing?: "gone" | "another program" | "unreadable" | "too large" | "late";
}

export interface Ancestor {
  pid: number;
  name: string;
}

export interface ProcessReference extends ProgramReference {
  pid: number;
  /** The thread that used the socket first, or that made the call; absent if it is the only one or the first of the process. */
  thread?: number;
  name: string;
  uid: number;
  /** The user's login name on this host. */
  user?: string;
  /** Of the process that made the socket, where that is another one. */
  creator?: number;
  /** True of a socket that was there before the agent: this process has it open, and nobody was seen using it. */
  holder?: true;
}

/** A process as long as it runs one program. */
export interface ProgramRun {
  pid: number;
  startedNs: bigint;
  /** Low bits of how often it started one. */
  executions: number;
}

/** Who opened a connection, as the kernel noted it when the socket was made or used. */
export interface Owner {
  pid: number;
  /** On the boot clock: tells the process from others that had or will have its number. */
  startedNs: bigint;
  /** The number of its version 2 control group. */
  cgroup: bigint;
}

/** Fields every event has, whether it opens, judges or closes a connection. */
export interface ConnectionFields extends Workload {
  /** Milliseconds since the epoch, with a fraction. */
  time: number;
  direction: Direction;
  /** Name of the interface, or `#12` when it is gone. */
  interface: string;
  /** `tcp`, `udp`, `icmp`, `icmpv6`, else the number as IANA assigns it. */
  protocol: string;
  source: Endpoint;
  destination: Endpoint;
  icmp?: { type: number; code: number };
  vlan?: number[];
  tunnel?: { kind: "gre" | "ipip" | "vxlan" | "geneve"; id: number };
  /** The ends on the other side of address translation, where `source` and `destination` are those on this interface. */
  nat?: { source: Endpoint; destination: Endpoint };
  process?: ProcessReference;
  rule: RuleReference;
}

/** A verdict worth telling: the first packet of a connection, or a packet that a rule dropped or would drop. */
export interface VerdictEvent extends ConnectionFields {
  /** Counts events since the agent started. */
  seq: number;
  type: EventType;
  verdict: Verdict;
  /** True when enforcing this rule would have dropped the packet, and it was not dropped. */
  would_drop: boolean;
  /** Why a packet was UNDECIDED, as `tcp_header_length`. */
  reason?: string;
}

/** A connection that ended, or that was silent for so long that it counts as ended. */
export interface ConnectionEvent extends ConnectionFields {
  opened: number;
  closed: number;
  how: "closed" | "idle";
  /** Sent by the opener, and by the other end. */
  packets: [number, number];
  bytes: [number, number];
  type: EventType;
  verdict: Verdict;
  /** As of a verdict event: enforcing its rule would have dropped it. */
  would_drop: boolean;
}

/** What a process did with a socket, apart from packets. */
export interface SocketEvent extends Workload {
  seq: number;
  type: SocketEventType;
  time: number;
  /** Absent of packet sockets, which have none. */
  protocol?: string;
  /** The socket's own end: absent of packet sockets. */
  local?: Endpoint;
  /** To which a connection was refused, or failed. */
  remote?: Endpoint;
  /** The system call that failed, if its end was seen: `bind` or `listen` of BIND_FAILED. */
  call?: string;
  /** The error that the process was told, as `ETIMEDOUT`; absent where it was not seen. */
  error?: string;
  /** CONNECT_REFUSED, CONNECT_FAILED: how long it took to fail. */
  took_ms?: number;
  /** To which the socket is bound. */
  interface?: string;
  /** Number of the socket's network namespace, where that is not weir's own: its addresses are those in there. */
  network_namespace?: NetworkNamespace;
  process?: ProcessReference;
  /** LISTENING: whether this program was not known to listen on this port. */
  new?: boolean;
  /** BIND_FAILED: why, as far as it can be known: `port_privileged`, `port_in_use` (by the holder), `address_not_here`. */
  reason?: BindFailure;
  holder?: ProcessReference;
  /** PACKET_BYPASS: how frames of the socket pass the egress rules unseen, and what became of that. */
  bypass?: Bypass;
  outcome?: BypassOutcome;
}

/** The option PACKET_QDISC_BYPASS, an AF_XDP socket, or a packet socket of which the kernel does not tell. */
export type Bypass = "qdisc" | "af_xdp" | "unknown";
/** `would_refuse`: in prevent mode it would be. `found`: nobody saw it begin, as before the agent started. */
export type BypassOutcome = "reported" | "would_refuse" | "refused" | "found";

export type BindFailure = "port_privileged" | "port_in_use" | "address_not_here";

/** What is told one by one, as it happens. Only a verdict has a rule. */
export type ToldEvent = VerdictEvent | SocketEvent;

/** How events are told beside the time, which has its own forms. */
export type Untimed<Event> = Event extends unknown ? Omit<Event, "time"> : never;
