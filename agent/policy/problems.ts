/** Words the problems of rules in sentences for the operator. */

import { counted } from "../values/count.ts";
import type { Network } from "../values/address.ts";
import { quote } from "../values/quote.ts";
import type { Sets } from "./named-sets.ts";
import type { RuleConfig } from "./rule.ts";
import { Limit } from "../generated/layout.ts";
import { LARGEST } from "./capacity.ts";
import type { LongChain } from "./chain.ts";
import type { RulesSource } from "./compiled.ts";
import { isOver } from "./fields/expires.ts";
import { factorsOf, leavesNothing, leftOutInVain } from "./expand.ts";
import { InterfaceGroups } from "./groups.ts";
import { resolverFor } from "./name-resolver.ts";
import { MOST_MATCHERS } from "./pairs.ts";
import { findSetConflicts } from "./set-conflicts.ts";
import type { SetReferences } from "./sets.ts";
import type { Shadowed } from "./shadowed.ts";

/** Returns the rule of an order. */
export type RuleAt = (order: number) => RuleConfig;

const MOST_NAMED = 5;

export function explainCrowd(names: readonly string[]): string {
  return (
    `more than ${Limit.LIST} alternatives of the rules ${someOf(names)} overlap so much that each packet would be compared with all of them; ` +
    `name narrower sources, destinations or ports, or join rules into lists`
  );
}

/** `cut` names the rules whose port ranges take more than one cell for each alternative. */
export function explainCells(cells: number, cut: readonly string[]): string {
  const taken = `the rules take ${cells} cells of the kernel's table, at most ${LARGEST.cells} fit`;
  if (cut.length === 0) return `${taken}; use prefixes instead of single addresses, and ranges instead of single ports`;
  return `${taken}, because the port ranges of the rules ${someOf(cut)} overlap; name narrower ones, or put the widest first`;
}

function someOf(names: readonly string[]): string {
  const named = names.slice(0, MOST_NAMED).map(quote).join(", ");
  return names.length > MOST_NAMED ? `${named} and ${counted(names.length - MOST_NAMED, "other")}` : named;
}

export function explainCost(rules: readonly RuleConfig[], costs: readonly number[], sets: SetReferences): string | undefined {
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  if (total <= MOST_MATCHERS) return undefined;
  const dearest = rules.map((rule, index) => ({ rule, cost: costs[index]! })).sort((a, b) => b.cost - a.cost);
  const named = dearest.slice(0, MOST_NAMED).map(({ rule, cost }) => {
    const factors = factorsOf(rule, resolverFor(rule, { groups: new InterfaceGroups(), sets }));
    return `${quote(rule.name)} ${cost}${factors === "" ? "" : ` (${factors})`}`;
  });
  const others = dearest.slice(MOST_NAMED).reduce((sum, { cost }) => sum + cost, 0);
  return (
    `the rules expand to ${total} combinations of addresses, ports and messages, at most ${MOST_MATCHERS} fit: ` +
    `${named.join(", ")}${others > 0 ? `, the others ${others}` : ""}; use prefixes instead of single addresses, and ranges instead of single ports`
  );
}

export function explainFailsafe(networks: readonly Network[], { failsafe }: RulesSource): string | undefined {
  if (failsafe.management_ports.length > Limit.MANAGEMENT_PORTS) {
    return `failsafe.management_ports has ${failsafe.management_ports.length} ports, at most ${Limit.MANAGEMENT_PORTS} fit`;
  }
  if (networks.length <= Limit.FAILSAFE_PREFIXES) return undefined;
  return `failsafe.addresses makes ${networks.length} prefixes, at most ${Limit.FAILSAFE_PREFIXES} fit; a range can make many, and a prefix such as ::/0 is no failsafe`;
}

export function explainChain({ orders, exact }: LongChain, ruleAt: RuleAt): string {
  const names = orders.map((order) => ruleAt(order).name);
  const list = names.map(quote).join(", ");
  return exact
    ? `one packet can meet the ${names.length} conditional rules ${list} before a rule decides, at most ${Limit.CONDITIONS} fit; narrow them, or put an unconditional rule between`
    : `it cannot be shown that no packet meets more than ${Limit.CONDITIONS} of the ${names.length} conditional rules ${list}; narrow them`;
}

/** At most this many warnings are shown, because nobody reads more at once. */
const MOST_WARNINGS = 100;

export function explainShadowed(shadowed: readonly Shadowed[], ruleAt: RuleAt): string[] {
  const listed = shadowed.slice(0, MOST_WARNINGS).map(({ order, by }) => {
    const rule = ruleAt(order);
    if (by.length === 0) return `rule ${quote(rule.name)} matches nothing: many rules before it together decide all of it`;
    const names = by.slice(0, MOST_NAMED).map((before) => quote(ruleAt(before).name));
    const others = by.length - names.length;
    const all = others > 0 ? [...names, `${others} others`] : names;
    const does = new Set(by.map((before) => effectOf(ruleAt(before))));
    const effect = does.size === 1 ? [...does][0]! : "decide";
    const last = all.pop();
    const list = all.length === 0 ? `${last} before it ${effect}s` : `${all.join(", ")} and ${last} before it ${effect}`;
    return `rule ${quote(rule.name)} ${effect === effectOf(rule) ? "is redundant" : "matches nothing"}: ${list} all of it`;
  });
  const rest = shadowed.length - listed.length;
  return rest > 0
    ? [...listed, `${counted(rest, "more rule matches", "more rules match")} nothing, because those before them decide all of it`]
    : listed;
}

/** The conflicts of rules that can decide about some packet. */
export function explainSetConflicts(rules: readonly RuleConfig[], sets: Sets, shadowed: readonly Shadowed[], ruleAt: RuleAt): string[] {
  const silent = new Set(shadowed.map(({ order }) => ruleAt(order)));
  return findSetConflicts(
    rules.filter((rule) => !silent.has(rule)),
    sets,
    effectOf,
  ).map(({ rule, set, members: [first, ...others], by, as }) => {
    const members =
      others.length === 0
        ? `${first} of its set ${quote(set)}: it is`
        : `${first} and ${others.length} more of its set ${quote(set)}: they are`;
    return `rule ${quote(rule.name)} never decides about ${members} in ${quote(as)} too, which rule ${quote(by.name)} before it ${effectOf(by)}s`;
  });
}

/** Returns as a verb what a rule does to packets. */
function effectOf({ action, enforce, reject }: RuleConfig): string {
  if (action === "block" && !enforce) return "report";
  return action === "block" && reject ? "reject" : action;
}

/** Warns of rules that cannot work as they are written. */
export function warningsOf(rules: readonly RuleConfig[], sets: SetReferences, now: number): string[] {
  const warnings = rules.flatMap((rule) => warningsOfOne(rule, sets, now));
  const rest = warnings.length - MOST_WARNINGS;
  return rest > 0
    ? [...warnings.slice(0, MOST_WARNINGS), `${rest} more rules are left out, match nothing, or leave out nothing`]
    : warnings;
}

function warningsOfOne(rule: RuleConfig, sets: SetReferences, now: number): string[] {
  if (isOver(rule, now)) return [`rule ${quote(rule.name)} is left out: it expired at ${rule.expires}`];
  const resolver = resolverFor(rule, { groups: new InterfaceGroups(), sets });
  if (leavesNothing(rule, resolver)) return [`rule ${quote(rule.name)} matches nothing: its "not" excludes everything that it matches`];
  const useless = leftOutInVain(rule, resolver);
  return useless === undefined
    ? []
    : [`the "not" of rule ${quote(rule.name)} leaves out nothing: the rule does not match the ${useless} that it names anyway`];
}
