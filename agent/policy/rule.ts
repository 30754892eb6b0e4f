/**
 * Rules and sets as the operator wrote them, once they are known to be valid. Keys with a default in schema.json are always there; the
 * optional ones are absent when the operator left them out, and then mean "any". Each field of a rule adds its own key to the interfaces
 * here: see fields/.
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

/** What rules name as `@NAME`. */
export interface SetConfig {
  /** Addresses, CIDR prefixes and ranges. */
  addresses?: string[];
  ports?: Ports[];
  /** A list of addresses; absolute, however it was written. */
  file?: string;
  /** How long what is read from the file, or added without an end, stays: see duration.ts. */
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

/** What a rule leaves out: connections for which all of these fields hold. */
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

/** A port, or `first-last`: see parsePorts in ports.ts. In a rule also a set. */
export type Ports = number | string;

/** For whom a rule counts. */
export type MeterBy = "source" | "destination" | "rule";
