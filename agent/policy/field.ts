/** What a field of a rule is: see fields.ts for all of them. */

import type { RuleConfig } from "./rule.ts";
import type { Direction } from "../values/traffic.ts";
import type { Subject } from "./subject.ts";

/** One value of a rule's list. The values of a field are alternatives; the fields of a rule must all hold. */
export interface Want {
  operator: string;
  /** As the operator wrote it. */
  text: string;
  /** undefined: the packet does not say. */
  holds(subject: Subject): boolean | undefined;
}

export interface Field {
  layer: "connection" | "time" | "layer3" | "layer4" | "process";
  /** Directions of the opener the field can be asked of. */
  directions: readonly Direction[];
  /** How each form of a value is compared. */
  operators: Readonly<Record<string, string>>;
  /** Once for a connection, for each of its packets, for each with what was counted so far, or by the clock. */
  judged: "once" | "each_packet" | "by_count" | "by_time";
  /** Empty: any. */
  wants(rule: RuleConfig): Want[];
  /** What the packet has of what the rule asks for, for a reader. */
  got(subject: Subject, rule: RuleConfig): string;
}

export const BOTH_WAYS: readonly Direction[] = ["ingress", "egress"];
export const UNKNOWN = "unknown";
export const NONE = "none";

export function shown<T>(value: T | null | undefined, show: (value: T) => string): string {
  if (value === undefined) return UNKNOWN;
  return value === null ? NONE : show(value);
}

/** undefined stays undefined, and what the packet has not got matches nothing. */
export function known<T>(value: T | null | undefined, holds: (value: T) => boolean): boolean | undefined {
  if (value === undefined) return undefined;
  return value !== null && holds(value);
}
