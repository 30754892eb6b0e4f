/** Types for packets and connections that every part of weir shares. */

export const MODES = ["detect", "prevent"] as const;
export type Mode = (typeof MODES)[number];
export const DIRECTIONS = ["ingress", "egress"] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** `carried`: the packet passed in detect as part of a blocked connection, so prevent would never have met it. */
export type Verdict = "passed" | "dropped" | "would_drop" | "undecided" | "carried";
export type Transport = "tcp" | "udp" | "icmp" | "other";

/** The kinds of tunnels that weir opens. */
export type TunnelKind = "gre" | "ipip" | "vxlan" | "geneve";

export interface Endpoint {
  address: string;
  /** The port; absent if the protocol has no ports, or the port is unknown. */
  port?: number;
}

export interface RuleReference {
  /** The name that the operator gave the rule, or `default`, `failsafe`, `on_error`. */
  name: string;
  action: "allow" | "block";
  enforce: boolean;
  /** The place where the rule was written, such as `weir.yaml:12`; `built-in` for the three above. */
  source: string;
}
