/**
 * What a conformance case is: a configuration, frames, and the verdict each of them must meet. Cases are data. They
 * run over the reference verdict here, and over the kernel programs by whoever can load them.
 */

import type { Arrival, Host, Outcome } from "../../agent/policy/reference.ts";
import type { Mode } from "../../agent/values/traffic.ts";
import type { PolicyText } from "./policy.ts";

export interface Case {
  name: string;
  config: PolicyText;
  /** What the host has: listening ports, sockets, sessions of operators. Nothing, if absent. */
  host?: Partial<Host>;
  /** In order, over one state. */
  steps: readonly Step[];
}

/** `wait`: so many seconds pass. `members`: what sets hold from now on beside what the policy writes in them. `bans`: who is banned from now on. */
export type Step =
  | PacketStep
  | { reload: PolicyText }
  | { mode: Mode }
  | { wait: number }
  | { members: Record<string, string[]> }
  | { bans: string[] };

export interface PacketStep {
  packet: Arrival;
  expect: Outcome;
  /** The frame that goes back where the outcome has an answer. */
  answer?: Uint8Array;
}

/** The interface of packets that name no other. */
export const INTERFACE = "eth0";

type Circumstances = Partial<Omit<Arrival, "frame" | "hook">>;

export function inward(frame: Uint8Array, expect: Outcome, circumstances: Circumstances = {}): PacketStep {
  return { packet: { frame, hook: "ingress", interface: INTERFACE, ...circumstances }, expect };
}

export function outward(frame: Uint8Array, expect: Outcome, circumstances: Circumstances = {}): PacketStep {
  return { packet: { frame, hook: "egress", interface: INTERFACE, ...circumstances }, expect };
}

export function at(hook: Arrival["hook"], frame: Uint8Array, expect: Outcome, circumstances: Circumstances = {}): PacketStep {
  return (hook === "ingress" ? inward : outward)(frame, expect, circumstances);
}

export function passed(rule = "default", staged: string | null = null): Outcome {
  return { verdict: "passed", rule, staged, reason: null, answer: null };
}

export function dropped(rule: string, staged: string | null = null): Outcome {
  return { verdict: "dropped", rule, staged, reason: null, answer: null };
}

export function rejected(rule: string, answer: NonNullable<Outcome["answer"]>): Outcome {
  return { ...dropped(rule), answer };
}

export function wouldDrop(rule: string, staged: string | null = null): Outcome {
  return { verdict: "would_drop", rule, staged, reason: null, answer: null };
}

/** Part of a connection that would have been dropped before. */
export function carried(rule: string): Outcome {
  return { verdict: "carried", rule, staged: null, reason: null, answer: null };
}

type Reason = NonNullable<Outcome["reason"]>;

/** `verdict`: as `on_error` and the mode have it. */
export function undecided(reason: Reason, verdict: "undecided" | "would_drop" | "dropped" = "undecided"): Outcome {
  return { verdict, rule: "on_error", staged: null, reason, answer: null };
}
