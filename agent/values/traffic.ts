/** Words about packets and connections that every part of weir shares. */

export const MODES = ["detect", "prevent"] as const;
export type Mode = (typeof MODES)[number];
export type Direction = "ingress" | "egress";

/** `carried`: it passed in detect as part of a connection that would have been dropped before, so that prevent would never have met it. */
export type Verdict = "passed" | "dropped" | "would_drop" | "undecided" | "carried";
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
