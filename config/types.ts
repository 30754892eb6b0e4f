/**
 * What the operator wrote, once it is known to be valid. Keys that have a default in schema.json are always
 * there; the optional ones are absent when the operator left them out, and then mean "any".
 */

import type { Weekday } from "../agent/values/time.ts";
import type { ProcessConfig } from "../agent/values/processes.ts";
import type { ConnectionState, TcpFlag } from "../agent/values/names.ts";

export type Mode = "detect" | "prevent";
export type Action = "allow" | "block";
export type RuleDirection = "ingress" | "egress" | "both";
export type IngressHook = "auto" | "xdp" | "tcx";
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

export interface WeirConfig {
  version: 1;
  mode: Mode;
  interfaces: InterfacesConfig;
  defaults: { action: Action; on_error: { ingress: Action; egress: Action } };
  failsafe: { management_ports: number[]; addresses: string[] };
  bans: { except: string[] };
  sets: Record<string, SetConfig>;
  inspect_tunnels: boolean;
  packet_sockets: "report" | "refuse";
  events_per_second: number;
  rules: RuleConfig[];
  logging: { level: LogLevel; format: "pretty" | "json" };
  audit: AuditConfig;
  otel: OtelConfig;
  state_dir: string;
  /** See duration.ts. */
  hand_over_for: string;
  control_socket: string;
}

export interface InterfacesConfig {
  /** Names, in which `*` stands for any run of characters. */
  include: string[];
  exclude: string[];
  ingress: IngressHook;
  egress: boolean;
  offload: boolean;
  /** The first entry whose name fits an interface decides. */
  overrides: { name: string; ingress: IngressHook }[];
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

export interface AuditConfig {
  path: string;
  /** `size` in bytes, however it was written. */
  rotate: { size: number; keep: number };
  /** The same of the copies of operators' actions. */
  actions: { size: number; keep: number };
  on_full: "degrade";
}

export interface OtelConfig {
  /** Absent where nobody asked for one: then weir looks at the usual address, and at who is there. */
  endpoint?: string;
  traces: boolean;
  metrics: boolean;
  logs: boolean;
  resource: Record<string, string>;
}
