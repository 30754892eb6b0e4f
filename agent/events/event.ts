/** What weir says about a packet or a connection, after decoding and enrichment. One shape for all consumers. */

export type EventType = "ALLOWED" | "DETECTED" | "BLOCKED" | "UNDECIDED";
export type Direction = "ingress" | "egress";
export type Verdict = "passed" | "dropped" | "would_drop" | "undecided";
export type Transport = "tcp" | "udp" | "icmp" | "other";

export interface Endpoint {
  address: string;
  /** Absent where the protocol has no ports, or they are unknown. */
  port?: number;
}

export interface RuleReference {
  /** The operator's name, or `default`, `failsafe`, `on_error`. */
  name: string;
  action: "allow" | "block";
  enforce: boolean;
  /** Where it was written, as `weir.yaml:12`; `built-in` for the three above. */
  source: string;
}

export interface ProcessReference {
  pid: number;
  name: string;
  executable?: string;
  uid: number;
}

/** Fields every event has, whether it opens, judges or closes a connection. */
export interface ConnectionFields {
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
}
