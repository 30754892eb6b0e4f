/**
 * Types of validated rules and sets as the operator wrote them. Keys with a default in schema.json are always there. An optional
 * key is absent if the operator left it out, and then means "any". Each field of a rule adds its own key to the interfaces here:
 * see fields/.
 */

export type Action = "allow" | "block";

/** The part of the configuration that decides about packets. */
export interface PolicyConfig {
  defaults: { action: Action; on_error: { ingress: Action; egress: Action } };
  failsafe: { management_ports: number[]; addresses: string[] };
  sets: Record<string, SetConfig>;
  inspect_tunnels: boolean;
  packet_sockets: "report" | "refuse";
  events_per_second: number;
  rules: RuleConfig[];
}

/** A named set, to which rules refer as `@NAME`. */
export interface SetConfig {
  /** Addresses, CIDR prefixes and ranges. */
  addresses?: string[];
  ports?: Ports[];
  /** The path of a file with a list of addresses. It is absolute, however it was written. */
  file?: string;
  /** How long an address stays that was read from the file, or was added without an end: see duration.ts. */
  ttl?: string;
}

export interface RuleConfig {
  name: string;
  description?: string;
  action: Action;
  enforce: boolean;
  reject?: boolean;
  layer2?: Layer2Config;
  layer3?: Layer3Config;
  layer4?: Layer4Config;
}

/** A rule leaves out connections for which all of these fields hold. */
export interface NotConfig {
  layer3?: Layer3Negatable;
  layer4?: Layer4Negatable;
}

/** Fields that a rule and its `not` may name. */
// biome-ignore lint/suspicious/noEmptyInterface: the fields add their keys to it
export interface Layer3Negatable {}
// biome-ignore lint/suspicious/noEmptyInterface: the fields add their keys to it
export interface Layer4Negatable {}

// biome-ignore lint/suspicious/noEmptyInterface: the fields add their keys to it
export interface Layer2Config {}
export interface Layer3Config extends Layer3Negatable {}
export interface Layer4Config extends Layer4Negatable {}

/** A port, or `first-last`: see parsePorts in ports.ts. In a rule it may also be a set. */
export type Ports = number | string;

/** The key by which a rule counts. */
export type MeterBy = "source" | "destination" | "rule";
