/**
 * Rules and sets as the operator wrote them, once they are known to be valid. Keys with a default in schema.json are always there; the
 * optional ones are absent when the operator left them out, and then mean "any".
 */

import type { ConnectionState, TcpFlag } from "../values/names.ts";
import type { Weekday } from "../values/time.ts";
import type { ProcessConfig } from "./processes.ts";

export type Action = "allow" | "block";
export type RuleDirection = "ingress" | "egress" | "both";

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
  direction: RuleDirection;
  interfaces?: string[];
  /** Local time: see time.ts. */
  schedule?: { days: Weekday[]; from: string; to: string }[];
  /** A moment: see time.ts. */
  expires?: string;
  layer3?: Layer3Config;
  layer4?: Layer4Config;
  /** The local end's. */
  process?: ProcessConfig;
  /** The rule leaves out what all of these fields match. */
  not?: NotConfig;
}

export interface NotConfig {
  interfaces?: string[];
  layer3?: Layer3Config;
  layer4?: Pick<Layer4Config, "protocol" | "source_ports" | "destination_ports" | "icmp">;
  process?: ProcessConfig;
}

export interface Layer3Config {
  /** Addresses, CIDR prefixes and `first-last` ranges: see parseNetworks in address.ts. And sets: see sets.ts. */
  source?: string[];
  destination?: string[];
}

/** A port, or `first-last`: see parsePorts in ports.ts. In a rule also a set. */
export type Ports = number | string;

/** For whom a rule counts. */
export type MeterBy = "source" | "destination" | "rule";

export interface Layer4Config {
  /** A name of names.ts or a number. */
  protocol?: string | number;
  source_ports?: Ports[];
  destination_ports?: Ports[];
  icmp?: { type: string | number; code?: string | number }[];
  flags?: { set?: TcpFlag[]; unset?: TcpFlag[] };
  state?: ConnectionState[];
  /** See rate.ts. Alone, a rate is one of packets by source. */
  /** See connections.ts. */
  connections_over?: number | { count: number; by: MeterBy };
  over_rate?: string | { rate: string; burst?: number; by: MeterBy; per: "packet" | "connection" };
  /** Whiles: see duration.ts. */
  connection_duration?: { longer_than?: string; shorter_than?: string };
}
