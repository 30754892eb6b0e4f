/** Asks the rules about a connection. The first rule that matches decides, if every part of it is known. */

import { ICMPV6_TYPES } from "../../values/names.ts";
import type { Mode } from "../../values/traffic.ts";
import type { Action, PolicyConfig, RuleConfig } from "../rule.ts";
import type { Field, Want } from "../fields/field.ts";
import { FIELD_ENTRIES, isConditional } from "../fields/index.ts";
import type { Counted, Subject } from "../subject.ts";
import { type Truth, every, some } from "../three-valued.ts";
import { countsConnections } from "./meters.ts";
import { ICMPV6, IGMP } from "./transport.ts";

/** The part of the configuration that a verdict depends on, the mode included. */
export type Policy = { mode: Mode } & Pick<PolicyConfig, "defaults" | "failsafe" | "sets" | "inspect_tunnels" | "rules">;

export interface Decision {
  /** undefined if it depends on something that the packet does not tell. */
  action: Action | undefined;
  /** The name of the rule that decided, or `default`. */
  rule: string;
  /** The first rule before it that would drop if it were enforced. */
  staged: string | null;
}

interface PreparedRule {
  name: string;
  action: Action;
  staged: boolean;
  /** The alternatives of each field. Each field must hold. */
  fields: Want[][];
  /** The fields that are the same for each packet of a connection. */
  once: Want[][];
  /** The fields that are asked again even if the connection's answer is settled. */
  times: Want[][];
  /** The fields that are asked last, because asking counts the packet. */
  counts: Want[][];
  rule: RuleConfig;
  /** True if the rule is asked for each packet. */
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

/** A question to the rules: the subject, and how a rule counts it. */
export interface Question {
  subject: Subject;
  /** The map that the subject holds as `counted`. */
  counted: Map<string, Counted>;
  /** Counts the packet for a rule. Absent if the packet is not known well enough to be counted. */
  count?: (rule: RuleConfig) => Counted;
  /** The name of a rule that blocked the connection. It still holds without being asked again, if it still is about this connection. */
  held?: string | undefined;
}

function holds(wants: Want[][], subject: Subject): Truth {
  return every(wants.map((field) => some(field.map((want) => want.holds(subject)))));
}

/** Asks the fields that have the same answer for each packet of the connection now. */
function matchesConnection({ once, times }: PreparedRule, subject: Subject): Truth {
  return holds([...once, ...times], subject);
}

function matches(prepared: PreparedRule, { subject, counted, count, held }: Question): boolean | undefined {
  const { fields, times, counts, rule, isConditional } = prepared;
  if (counted.get(rule.name)?.settled) return holds(times, subject);
  // Conditions on single packets do not lift the doubt about the connection.
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
 * Asks the rules in their order. If unknown facts decide whether a rule matches, a doubt is left: a later rule may still decide
 * if it has the same action. The doubt of a staged rule does not count, because such a rule changes nothing.
 */
export function askRules(rules: PreparedRules, defaultAction: Action, question: Question): Decision {
  let staged: string | null = null;
  let doubt: Action | undefined;
  for (const rule of rules) {
    // Behind a doubt, such a rule would show its answer only with each packet.
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

/** Returns the rules that check each packet and stand, for this connection, before a rule that decides without doing so. */
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
 * Asks the rules about a packet that belongs to no connection. Such a packet is undecided, except for rules that ask for the
 * state `invalid` and are reached before another rule would have ended the search. Returns undefined if there are no such rules,
 * and an answer without an action if none of them matched.
 */
export function askAboutInvalid(rules: PreparedRules, question: Question): Decision | undefined {
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

/**
 * Returns whether the packet is a message of group membership. Multicast would end without these, and nobody means them by "block
 * the rest". A rule may name them.
 */
function isGroupMembership({ protocol, icmp }: Subject): boolean {
  if (protocol === IGMP) return true;
  return protocol === ICMPV6 && icmp != null && LISTENER_DISCOVERY.includes(icmp.type);
}
