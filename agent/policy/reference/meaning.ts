/** What the rules say about a connection: the first that matches decides, where every part of it is known. */

import { ICMPV6_TYPES } from "../../values/names.ts";
import type { Mode } from "../../values/traffic.ts";
import type { Action, PolicyConfig, RuleConfig } from "../rule.ts";
import type { Field, Want } from "../fields/field.ts";
import { FIELD_ENTRIES, isConditional } from "../fields/index.ts";
import type { Counted, Subject } from "../subject.ts";
import { type Answer as Known, every, some } from "../three-valued.ts";
import { countsConnections } from "./meters.ts";
import { ICMPV6, IGMP } from "./transport.ts";

/** The part of the configuration a verdict depends on, the mode included. */
export type Policy = { mode: Mode } & Pick<PolicyConfig, "defaults" | "failsafe" | "sets" | "inspect_tunnels" | "rules">;

export interface Answer {
  /** undefined: it hangs on something that the packet does not say. */
  action: Action | undefined;
  /** The rule that decided, or `default`. */
  rule: string;
  /** The first rule before it that would drop if it were enforced. */
  staged: string | null;
}

interface PreparedRule {
  name: string;
  action: Action;
  staged: boolean;
  /** Alternatives by field; each field must hold. */
  fields: Want[][];
  /** The part that is the same for each packet of a connection. */
  once: Want[][];
  /** The part that is asked also where an answer of the connection stands. */
  times: Want[][];
  /** The part that is asked last, because asking counts. */
  counts: Want[][];
  rule: RuleConfig;
  /** Judged for each packet. */
  isConditional: boolean;
  asksForInvalid: boolean;
}

export type PreparedRules = PreparedRule[];

export function prepareRules(policy: Policy): PreparedRules {
  return policy.rules.map((rule) => ({
    name: rule.name,
    action: rule.action,
    staged: rule.action === "block" && !rule.enforce,
    isConditional: isConditional(rule),
    asksForInvalid: (rule.layer4?.state ?? []).includes("invalid"),
    fields: wantsOf(rule, (judged) => judged !== "by_count"),
    once: wantsOf(rule, (judged) => judged === "once"),
    times: wantsOf(rule, (judged) => judged === "by_time"),
    counts: wantsOf(rule, (judged) => judged === "by_count"),
    rule,
  }));
}

function wantsOf(rule: RuleConfig, chosen: (judged: Field["judged"]) => boolean): Want[][] {
  return FIELD_ENTRIES.filter(([, { judged }]) => chosen(judged))
    .map(([, field]) => field.wants(rule))
    .filter((wants) => wants.length > 0);
}

/** What is asked of the rules: the subject, and how a rule counts it. */
export interface Question {
  subject: Subject;
  /** The subject's own. */
  counted: Map<string, Counted>;
  /** Absent where the packet is not known well enough to be counted. */
  count?: (rule: RuleConfig) => Counted;
  /** The name of a rule that blocked the connection: it holds without being asked again, if it still is about this connection. */
  held?: string | undefined;
}

function holds(wants: Want[][], subject: Subject): Known {
  return every(wants.map((field) => some(field.map((want) => want.holds(subject)))));
}

/** Its part that is the same for each packet now. */
function matchesConnection({ once, times }: PreparedRule, subject: Subject): Known {
  return holds([...once, ...times], subject);
}

function matches(prepared: PreparedRule, { subject, counted, count, held }: Question): boolean | undefined {
  const { fields, times, counts, rule, isConditional } = prepared;
  if (counted.get(rule.name)?.settled) return holds(times, subject);
  // What is asked of each packet does not lift the doubt about its connection.
  if (isConditional && matchesConnection(prepared, subject) === undefined) return undefined;
  if (held === rule.name) return matchesConnection(prepared, subject);
  const before = holds(fields, subject);
  if (before !== true || counts.length === 0) return before;
  if (count !== undefined) counted.set(rule.name, count(rule));
  const all = holds(counts, subject);
  if (all === true && countsConnections(rule)) counted.set(rule.name, { ...counted.get(rule.name), settled: true });
  return all;
}

/**
 * A rule whose unknown part decides whether it matches leaves a doubt: a later one may still decide if it says the
 * same. A staged rule changes nothing, so that its doubt does not count.
 */
export function askRules(rules: PreparedRules, defaultAction: Action, question: Question): Answer {
  let staged: string | null = null;
  let doubt: Action | undefined;
  for (const rule of rules) {
    // Behind a doubt it would show only with each packet what such a rule says.
    if (doubt !== undefined && rule.isConditional && matchesConnection(rule, question.subject) === true) {
      if (!rule.staged && rule.action !== doubt) return { action: undefined, rule: rule.name, staged };
      if (rule.staged) continue;
    }
    const matched = matches(rule, question);
    if (matched === false) continue;
    if (rule.staged) {
      if (matched === true && doubt === undefined) staged ??= rule.name;
      continue;
    }
    if (doubt !== undefined && doubt !== rule.action) return { action: undefined, rule: rule.name, staged };
    if (matched === true) return { action: rule.action, rule: rule.name, staged };
    doubt = rule.action;
  }
  const action = isGroupMembership(question.subject) ? "allow" : defaultAction;
  return { action: doubt === undefined || doubt === action ? action : undefined, rule: "default", staged };
}

/** The rules that ask each packet and stand, for this connection, before one that decides without. */
export function conditionsOn(rules: PreparedRules, subject: Subject): RuleConfig[] {
  const met: RuleConfig[] = [];
  for (const { once, times, rule, isConditional, staged } of rules) {
    if (!every([...once, ...times].map((field) => some(field.map((want) => want.holds(subject)))))) continue;
    if (isConditional) met.push(rule);
    else if (!staged) break;
  }
  return met;
}

/**
 * A packet that belongs to nothing is undecidable, but for rules that ask for just that and are reached before another
 * rule would have ended the search. `undefined`: there are no such rules. An answer without an action: none of them spoke.
 */
export function askAboutInvalid(rules: PreparedRules, question: Question): Answer | undefined {
  if (!rules.some((rule) => rule.asksForInvalid)) return undefined;
  let staged: string | null = null;
  let doubt: Action | undefined;
  for (const rule of rules) {
    if (rule.isConditional && !rule.asksForInvalid) continue;
    if (doubt !== undefined && rule.isConditional && matchesConnection(rule, question.subject) === true) {
      if (rule.staged) continue;
      if (rule.action !== doubt) break;
    }
    const matched = matches(rule, question);
    if (matched === undefined && !rule.staged) {
      if (doubt !== undefined && doubt !== rule.action) break;
      doubt = rule.action;
    }
    if (matched !== true) continue;
    if (rule.staged && rule.asksForInvalid) staged ??= rule.name;
    if (rule.staged) continue;
    return { action: rule.asksForInvalid ? rule.action : undefined, rule: rule.asksForInvalid ? rule.name : "on_error", staged };
  }
  return { action: undefined, rule: "on_error", staged };
}

/** RFC 2710, and RFC 3810 for version 2. */
const LISTENER_DISCOVERY = ["listener-query", "listener-report", "listener-done", "listener-report-v2"].map(
  (name) => ICMPV6_TYPES[name]!.type,
);

/** Multicast would end without it, and nobody means it by "block the rest". A rule may name it. */
function isGroupMembership({ protocol, icmp }: Subject): boolean {
  if (protocol === IGMP) return true;
  return protocol === ICMPV6 && icmp != null && LISTENER_DISCOVERY.includes(icmp.type);
}
