/**
 * What the operator wrote, once it is known to be valid. Keys that have a default in schema.json are always
 * there; the optional ones are absent when the operator left them out, and then mean "any".
 */

import type { PolicyConfig } from "../agent/policy/rule.ts";
import type { Mode } from "../agent/values/traffic.ts";

export type IngressHook = "auto" | "xdp" | "tcx";
/** Whether programs at tracepoints of system calls are attached; `auto`: unless they cost too much on this host. */
export type SystemCallTracing = "on" | "off" | "auto";
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

export interface WeirConfig extends PolicyConfig {
  version: 1;
  mode: Mode;
  interfaces: InterfacesConfig;
  bans: { except: string[] };
  probes: { system_calls: SystemCallTracing };
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
