/** From rules as written to what the tables hold. What the tables cannot hold is refused, by the names of the rules. */

import { parseNetworks, type Network } from "../../config/address.ts";
import { printable, quote } from "../../config/quote.ts";
import type { Action, RuleConfig, WeirConfig } from "../../config/types.ts";
import { Limit } from "../generated/layout.ts";
import { type Capacity, capacityFor, LARGEST } from "./capacity.ts";
import { buildCells } from "./classifier/build.ts";
import { Crowded } from "./classifier/image.ts";
import { Lines, WORDS } from "./classifier/line.ts";
import { findLongChain, type ChainRule } from "./chain.ts";
import { expand, type Expansion } from "./expand.ts";
import { flagBits, isConditional } from "./fields.ts";
import { InterfaceGroups } from "./groups.ts";
import type { Matcher } from "./matcher.ts";
import { MOST_MATCHERS, withoutIPv4 } from "./pairs.ts";
import { findShadowed } from "./shadowed.ts";
import { assignSlots, MOST_RULES, type Slots } from "./slots.ts";

/** What decides about packets, of the whole configuration; the mode is not compiled, but read last. */
export type RulesSource = Pick<WeirConfig, "defaults" | "failsafe" | "inspect_tunnels" | "events_per_second" | "rules">;

export interface CompiledRule {
  slot: number;
  name: string;
  action: Action;
  enforce: boolean;
  /** Flag bits compared for each packet; absent where the rule is decided once for a flow. */
  tcpFlags?: { mask: number; value: number };
}

export interface CompiledPolicy {
  defaultAction: Action;
  onError: { ingress: Action; egress: Action };
  inspectTunnels: boolean;
  eventsPerSecond: number;
  managementPorts: number[];
  failsafe: Network[];
}

export interface CompiledRules {
  policy: CompiledPolicy;
  /** In the order they are tried, and so are the matchers. */
  rules: CompiledRule[];
  matchers: Matcher[];
  /** What the kernel searches, as one copy of its table. */
  cells: Uint32Array;
  /** The tables that this needs, or that were there before. */
  capacity: Capacity;
  slots: Slots;
  /** Slots whose counters belonged to another rule, or to none. */
  freshSlots: number[];
  /** For the operator, each a sentence. */
  warnings: string[];
  /** Bits of the `interfaces` lists that an interface of this name fits. */
  groupsOf(interfaceName: string): bigint;
}

/** Every reason at once. Nothing of the rules in force changes. */
export class RulesRefused extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`the rules are refused: ${problems.join("; ")}`);
    this.name = "RulesRefused";
    this.problems = problems;
  }
}

/** `previous`: what is in force, so that unchanged rules keep their slots. */
export function compile(source: RulesSource, previous?: CompiledRules): CompiledRules {
  const { rules } = source;
  if (rules.length > MOST_RULES) throw new RulesRefused([`there are ${rules.length} rules, at most ${MOST_RULES} fit; join rules that differ only in addresses or ports into one with lists`]);

  const groups = new InterfaceGroups();
  const expansions = rules.map((rule) => expand(rule, (interfaces) => groups.bitOf(interfaces, printable(rule.name))));
  const failsafe = source.failsafe.addresses.flatMap(parseNetworks).flatMap(withoutIPv4);
  const problems = [groups.problem, explainCost(rules, expansions), explainFailsafe(failsafe, source)].filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new RulesRefused(problems);

  const enough = capacityFor(rules.length, 0, previous?.capacity) ?? LARGEST;
  const { slots, fresh, next, byRule } = assignSlots(rules, previous?.slots, enough.slots);
  const chain = rules.map((rule, index) => chainRuleOf(rule, expansions[index]?.matchers(slots[index] as number) ?? []));
  const long = findLongChain(chain);
  if (long !== undefined) throw new RulesRefused([explainChain(long)]);
  const cells = layOut(chain, rules);
  const capacity = capacityFor(rules.length, cells.length / WORDS, enough);
  if (capacity === undefined) {
    throw new RulesRefused([`the rules take ${cells.length / WORDS} cells of the kernel's table, at most ${LARGEST.cells} fit; use prefixes instead of single addresses, and ranges instead of single ports`]);
  }

  return {
    policy: {
      defaultAction: source.defaults.action,
      onError: { ...source.defaults.on_error },
      inspectTunnels: source.inspect_tunnels,
      eventsPerSecond: source.events_per_second,
      managementPorts: [...source.failsafe.management_ports],
      failsafe,
    },
    rules: rules.map((rule, index) => compileRule(rule, slots[index] as number)),
    matchers: chain.flatMap(({ matchers }) => matchers),
    cells,
    capacity,
    slots: { byRule, next },
    freshSlots: fresh,
    warnings: [...rules.flatMap((rule, index) => warnings(rule, expansions[index] as Expansion)), ...findShadowed(chain).map(explainShadow)],
    groupsOf: (name) => groups.groupsOf(name),
  };
}

function compileRule(rule: RuleConfig, slot: number): CompiledRule {
  const { name, action, enforce } = rule;
  const flags = rule.layer4?.flags;
  return { slot, name, action, enforce, ...(flags && { tcpFlags: flagBits(flags) }) };
}

function chainRuleOf(rule: RuleConfig, matchers: Matcher[]): ChainRule {
  return { name: rule.name, conditional: isConditional(rule), decisive: rule.action === "allow" || rule.enforce, matchers };
}

/** Matchers in the form that the kernel searches. */
function layOut(chain: readonly ChainRule[], rules: readonly RuleConfig[]): Uint32Array {
  const lines = Lines.of(chain.reduce((sum, { matchers }) => sum + matchers.length, 0));
  let line = 0;
  for (const [order, { matchers, conditional, decisive }] of chain.entries()) {
    const blocks = rules[order]!.action === "block";
    for (const matcher of matchers) lines.write(line++, matcher, { slot: matcher.slot, order, blocks, staged: !decisive, conditional });
  }
  try {
    return buildCells(lines);
  } catch (error) {
    if (!(error instanceof Crowded)) throw error;
    throw new RulesRefused([explainCrowd([...new Set(error.lines.map((crowded) => rules[lines.order(crowded)]!.name))])]);
  }
}

const MOST_NAMED = 5;

function explainCrowd(names: readonly string[]): string {
  const named = names.slice(0, MOST_NAMED).map(quote).join(", ");
  return (
    `more than ${Limit.LIST} alternatives of the rules ${named}${names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} others` : ""} lie so much over each other that each packet would be compared with all of them; ` +
    `name narrower sources, destinations or ports, or join rules into lists`
  );
}

function explainCost(rules: readonly RuleConfig[], expansions: readonly Expansion[]): string | undefined {
  const total = expansions.reduce((sum, { cost }) => sum + cost, 0);
  if (total <= MOST_MATCHERS) return undefined;
  const dearest = rules.map(({ name }, index) => ({ name, ...(expansions[index] as Expansion) })).sort((a, b) => b.cost - a.cost);
  const named = dearest.slice(0, MOST_NAMED).map(({ name, cost, factors }) => `${quote(name)} ${cost}${factors.length > 0 ? ` (${factors.join(" x ")})` : ""}`);
  const others = dearest.slice(MOST_NAMED).reduce((sum, { cost }) => sum + cost, 0);
  return (
    `the rules expand to ${total} combinations of addresses, ports and messages, at most ${MOST_MATCHERS} fit: ` +
    `${named.join(", ")}${others > 0 ? `, the others ${others}` : ""}; use prefixes instead of single addresses, and ranges instead of single ports`
  );
}

function explainFailsafe(networks: readonly Network[], { failsafe }: RulesSource): string | undefined {
  if (failsafe.management_ports.length > Limit.MANAGEMENT_PORTS) {
    return `failsafe.management_ports has ${failsafe.management_ports.length} ports, at most ${Limit.MANAGEMENT_PORTS} fit`;
  }
  if (networks.length <= Limit.FAILSAFE_PREFIXES) return undefined;
  return `failsafe.addresses makes ${networks.length} prefixes, at most ${Limit.FAILSAFE_PREFIXES} fit; a range can make many, and a prefix such as ::/0 is no failsafe`;
}

function explainChain({ names, exact }: { names: string[]; exact: boolean }): string {
  const list = names.map(quote).join(", ");
  return exact
    ? `one packet can meet the ${names.length} conditional rules ${list} before a rule decides, at most ${Limit.CONDITIONS} fit; narrow them, or put an unconditional rule between`
    : `it cannot be shown that no packet meets more than ${Limit.CONDITIONS} of the ${names.length} conditional rules ${list}; narrow them`;
}

function explainShadow({ name, by }: { name: string; by: string }): string {
  return `rule ${quote(name)} matches nothing: ${quote(by)} before it decides all of it`;
}

function warnings(rule: RuleConfig, { cost }: Expansion): string[] {
  if (cost === 0) return [`rule ${quote(rule.name)} matches nothing: its sources and destinations are of different families`];
  return familyIsWrong(rule) ? [`rule ${quote(rule.name)} matches nothing: ${rule.layer4?.protocol} and its addresses are of different families`] : [];
}

/** `icmp` is IPv4 and `icmpv6` is IPv6, whatever number a stray packet carries. */
function familyIsWrong({ layer3, layer4 }: RuleConfig): boolean {
  const family = layer4?.protocol === "icmp" ? 4 : layer4?.protocol === "icmpv6" ? 6 : undefined;
  const lists = [layer3?.source ?? [], layer3?.destination ?? []].filter((list) => list.length > 0);
  return family !== undefined && lists.some((list) => list.flatMap(parseNetworks).every((network) => network.family !== family));
}
