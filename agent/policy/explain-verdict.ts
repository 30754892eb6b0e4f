/** Explains why a packet got its verdict: which rule decided, which rules nearly did, and which facts were unknown. */

import { formatAddress, fromInteger } from "../values/address.ts";
import type { Action, RuleConfig } from "./rule.ts";
import type { Direction, Endpoint, RuleReference, Verdict } from "../values/traffic.ts";
import { explainRule, type Condition } from "./explain.ts";
import { REASONS } from "./reasons.ts";
import type { Outcome, Policy, VerdictStep, Rejection } from "./reference.ts";
import type { Subject } from "./subject.ts";

/** At most this many near misses are listed, because nobody reads more. */
const MOST_NEAR = 5;

/** A condition of a rule, or of a check that weir makes itself. */
export interface ShownCondition extends Omit<Condition, "field"> {
  field: string;
}

export interface NearMiss extends ShownCondition {
  rule: RuleReference;
}

export interface Uncertainty {
  /** The reason as in metrics, such as tcp_header_length. */
  reason: string;
  meaning: string;
  /** The action of `defaults.on_error` for the packet. */
  action: Action;
  /** The rules that may match or not, with the facts that are unknown. */
  rules: { rule: RuleReference; unknown: string[] }[];
}

export interface Explanation {
  verdict: Verdict;
  rule: RuleReference;
  /** The connection as its opener sends, which is how rules see it; null if the rules were not asked. */
  connection: { direction: Direction; source: Endpoint; destination: Endpoint } | null;
  conditions: ShownCondition[];
  /** The first rule before the deciding one that would drop if it were enforced. */
  staged: { rule: RuleReference; conditions: ShownCondition[] } | null;
  undecided: Uncertainty | null;
  /** The reject answer that the sender of a dropped packet gets. */
  answer: Rejection | null;
  /** Rules that do not decide because of one condition, or because they stand behind the deciding rule. */
  near_misses: NearMiss[];
}

export interface RuleSet {
  policy: Policy;
  /** Returns where a rule was written, such as `weir.yaml:12`. */
  sourceOf(rule: number): string;
}

export function explainVerdict(set: RuleSet, outcome: Outcome, steps: readonly VerdictStep[]): Explanation {
  const subject = subjectOf(outcome, steps);
  return {
    verdict: outcome.verdict,
    rule: referTo(set, outcome.rule, outcome.verdict),
    connection: subject === undefined ? null : connectionOf(subject),
    conditions: conditionsOf(set, outcome, steps, subject),
    staged:
      outcome.staged === null ? null : { rule: referTo(set, outcome.staged), conditions: ruleConditions(set, outcome.staged, subject) },
    undecided: outcome.reason === null ? null : doubtOf(set, outcome, outcome.reason, subject),
    answer: outcome.answer,
    near_misses: subject === undefined ? [] : nearMisses(set, outcome, subject),
  };
}

/** Finds the question to the rules that the verdict rests on. A tunnel has two questions; it may be the first one. */
function subjectOf({ rule }: Outcome, steps: readonly VerdictStep[]): Subject | undefined {
  const questions = steps.filter((step) => "asked" in step);
  return (questions.find(({ answer }) => answer.rule === rule) ?? questions.at(-1))?.asked;
}

function connectionOf({ direction, source, destination, ports }: Subject): NonNullable<Explanation["connection"]> {
  const end = (address: bigint, port: number | undefined): Endpoint => ({
    address: formatAddress(fromInteger(address)),
    ...(port === undefined ? {} : { port }),
  });
  return { direction, source: end(source, ports?.source), destination: end(destination, ports?.destination) };
}

function referTo({ policy, sourceOf }: RuleSet, name: string, verdict?: Verdict): RuleReference {
  const index = policy.rules.findIndex((rule) => rule.name === name);
  const rule = policy.rules[index];
  if (rule !== undefined) return { name, action: rule.action, enforce: rule.enforce, source: sourceOf(index) };
  return {
    name,
    action: verdict === "dropped" || verdict === "would_drop" || verdict === "carried" ? "block" : "allow",
    enforce: true,
    source: "built-in",
  };
}

function conditionsOf(set: RuleSet, outcome: Outcome, steps: readonly VerdictStep[], subject: Subject | undefined): ShownCondition[] {
  const { policy } = set;
  const passed = steps.find((step) => "passedAs" in step);
  if (passed !== undefined && (outcome.rule === "failsafe" || passed.passedAs === "not_ip")) return [PASSED_AS[passed.passedAs](policy)];
  if (outcome.rule === "ban") return [holds("bans", "an address that is banned", "one at the other end")];
  if (steps.some((step) => "followed" in step)) {
    return [{ field: "connection", matched: true, want: "a connection that the rule would have dropped", got: "a later packet of it" }];
  }
  return ruleConditions(set, outcome.rule, subject);
}

const PASSED_AS: Record<Extract<VerdictStep, { passedAs: unknown }>["passedAs"], (policy: Policy) => ShownCondition> = {
  loopback: () => holds("interfaces", "any but loopback", "loopback, which always passes"),
  not_ip: () => holds("layer3", "IPv4 or IPv6", "neither, which is not judged"),
  discovery_or_dhcp: () => holds("failsafe", "neighbour discovery or DHCP", "one of them"),
  trusted_peer: ({ failsafe }) =>
    holds("failsafe.addresses", [...failsafe.addresses, "the session of an operator"].join(" or "), "one of them"),
  tunnel_failsafe: () =>
    holds("failsafe", "a tunnel that a device of this host ends, around what always passes", "such a packet, for this host"),
  management: ({ failsafe }) =>
    holds("failsafe.management_ports", `TCP that others open to ${failsafe.management_ports.join(" or ")} of this host`, "part of it"),
};

function holds(field: string, want: string, got: string): ShownCondition {
  return { field, matched: true, want, got };
}

function ruleConditions({ policy }: RuleSet, name: string, subject: Subject | undefined): ShownCondition[] {
  const rule = policy.rules.find((candidate) => candidate.name === name);
  return rule === undefined || subject === undefined ? [] : explainRule(rule, subject);
}

function doubtOf(set: RuleSet, outcome: Outcome, reason: NonNullable<Outcome["reason"]>, subject: Subject | undefined): Uncertainty {
  const rules: Uncertainty["rules"] = [];
  for (const rule of subject === undefined ? [] : set.policy.rules) {
    const conditions = explainRule(rule, subject!);
    if (conditions.some(({ matched }) => matched === false)) continue;
    const unknown = conditions.filter(({ matched }) => matched === null).map(({ field }) => field);
    if (unknown.length > 0) rules.push({ rule: referTo(set, rule.name), unknown });
    if (rules.length === MOST_NEAR || unknown.length === 0) break;
  }
  const { action } = referTo(set, outcome.rule, outcome.verdict);
  return { reason, meaning: REASONS[reason], action, rules };
}

function nearMisses(set: RuleSet, outcome: Outcome, subject: Subject): NearMiss[] {
  const near: NearMiss[] = [];
  const { rules } = set.policy;
  const deciding = rules.findIndex(({ name }) => name === outcome.rule);
  for (const [index, rule] of rules.entries()) {
    if (near.length === MOST_NEAR) break;
    if (index === deciding || rule.name === outcome.staged) continue;
    const miss = missOf(rule, subject, deciding >= 0 && index > deciding ? outcome.rule : undefined);
    if (miss !== undefined) near.push({ rule: referTo(set, rule.name), ...miss });
  }
  return near;
}

/** `decided` is the rule before this one that ended the search. */
function missOf(rule: RuleConfig, subject: Subject, decided: string | undefined): ShownCondition | undefined {
  const conditions = explainRule(rule, subject);
  const failed = conditions.filter(({ matched }) => matched !== true);
  if (decided === undefined) {
    // A rule with a single condition that fails has nothing in common with the packet.
    return failed.length === 1 && failed[0]!.matched === false && conditions.length > 1 ? failed[0] : undefined;
  }
  return failed.length > 0 ? undefined : { field: "order", matched: false, want: `before ${decided}`, got: "after it" };
}
