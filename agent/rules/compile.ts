/** From rules as written to what the tables hold. What the tables cannot hold is refused, by the names of the rules. */

import { parseNetworks, type Network } from "../../config/address.ts";
import { printable, quote } from "../../config/quote.ts";
import { setNamed } from "../../config/sets.ts";
import type { Action, RuleConfig, WeirConfig } from "../../config/types.ts";
import { Limit } from "../generated/layout.ts";
import { type Capacity, capacityFor, LARGEST } from "./capacity.ts";
import { Classifier } from "./classifier/build.ts";
import { Crowded } from "./classifier/crowded.ts";
import { Lines, WORDS } from "./classifier/line.ts";
import { findLongChain, type LongChain } from "./chain.ts";
import { expand, factorsOf, leavesNothing, leftOutInVain, type Meanings } from "./expand.ts";
import { asksForInvalid, type Conditions, conditionsOf } from "./conditions.ts";
import { isConditional } from "./fields.ts";
import { type Group, groupsOf, InterfaceGroups } from "./groups.ts";
import { MOST_MATCHERS, withoutIPv4 } from "./pairs.ts";
import { numberSets, type SetNumbers, SetReferences } from "./sets.ts";
import { findShadowed, type Shadowed } from "./shadowed.ts";
import { assignSlots, MOST_RULES, type Slots } from "./slots.ts";

/** What decides about packets, of the whole configuration; the mode is not compiled, but read last. */
export type RulesSource = Pick<WeirConfig, "defaults" | "failsafe" | "sets" | "inspect_tunnels" | "events_per_second" | "rules">;

export interface CompiledRule {
  slot: number;
  name: string;
  action: Action;
  enforce: boolean;
  /** What each packet is asked for; absent where the rule is decided once for a flow. */
  conditions?: Conditions;
}

export interface CompiledPolicy {
  defaultAction: Action;
  onError: { ingress: Action; egress: Action };
  inspectTunnels: boolean;
  /** Some rule asks for packets of the state `invalid`. */
  judgesInvalid: boolean;
  eventsPerSecond: number;
  managementPorts: number[];
  failsafe: Network[];
}

/** What compiling makes of rules, in a form that a thread can hand to another. */
export interface CompiledParts {
  policy: CompiledPolicy;
  /** Combinations of addresses, ports and messages that the rules list. */
  alternatives: number;
  /** What the kernel searches, as one copy of its table. */
  cells: Uint32Array;
  /** The tables that this needs, or that were there before. */
  capacity: Capacity;
  slots: Slots;
  /** Slots whose counters belonged to another rule, or to none. */
  freshSlots: Uint32Array;
  /** For the operator, each a sentence. */
  warnings: string[];
  /** What the rules say of interfaces, by its bit. */
  interfaceGroups: Group[];
  setNumbers: SetNumbers;
}

export interface CompiledRules extends CompiledParts {
  /** In the order they are tried. */
  rules: CompiledRule[];
  /** Bits of the groups that an interface of this name fits. */
  groupsOf(interfaceName: string): bigint;
}

/** What is in force, as far as what comes next depends on it. */
export type Before = Pick<CompiledParts, "slots" | "capacity" | "setNumbers">;

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
export function compile(source: RulesSource, previous?: Before): CompiledRules {
  return assemble(source.rules, compileParts(source, previous));
}

/** `rules`: those that the parts were made of. */
export function assemble(rules: readonly RuleConfig[], parts: CompiledParts): CompiledRules {
  const { interfaceGroups } = parts; // what asks for groups later need not hold the rest
  return {
    ...parts,
    rules: rules.map((rule, index) => compileRule(rule, parts.slots.slots[index]!)),
    groupsOf: (name) => groupsOf(interfaceGroups, name),
  };
}

export function compileParts(source: RulesSource, previous?: Before): CompiledParts {
  const { rules } = source;
  if (rules.length > MOST_RULES) throw new RulesRefused([`there are ${rules.length} rules, at most ${MOST_RULES} fit; join rules that differ only in addresses or ports into one with lists`]);

  const enough = capacityFor(rules.length, 0, previous?.capacity) ?? LARGEST;
  const { fresh, ...slots } = assignSlots(rules, previous?.slots, enough.slots);
  const groups = new InterfaceGroups();
  const sets = new SetReferences(source.sets, numberSets(source.sets, previous?.setNumbers));
  const { lines, costs } = expandAll(rules, slots.slots, groups, sets);
  const failsafe = source.failsafe.addresses.flatMap(parseNetworks).flatMap(withoutIPv4);
  const problems = [groups.problem, ...sets.problems, explainCost(rules, costs, sets), explainFailsafe(failsafe, source)].filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new RulesRefused(problems);

  const classifier = uncrowded(() => new Classifier(lines), lines, rules);
  const long = findLongChain(lines, classifier);
  if (long !== undefined) throw new RulesRefused([explainChain(long, rules)]);
  const shadowed = findShadowed(lines, classifier);
  const cells = uncrowded(() => classifier.cells(), lines, rules);
  const capacity = capacityFor(rules.length, cells.length / WORDS, enough);
  if (capacity === undefined) {
    throw new RulesRefused([`the rules take ${cells.length / WORDS} cells of the kernel's table, at most ${LARGEST.cells} fit; use prefixes instead of single addresses, and ranges instead of single ports`]);
  }

  return {
    policy: {
      defaultAction: source.defaults.action,
      onError: { ...source.defaults.on_error },
      inspectTunnels: source.inspect_tunnels,
      judgesInvalid: rules.some(asksForInvalid),
      eventsPerSecond: source.events_per_second,
      managementPorts: [...source.failsafe.management_ports],
      failsafe,
    },
    alternatives: lines.count,
    cells,
    capacity,
    slots,
    freshSlots: fresh,
    warnings: [...rules.flatMap((rule, index) => warnings(rule, costs[index]!, meaningsFor(rule, new InterfaceGroups(), sets))), ...explainShadowed(shadowed, rules)],
    interfaceGroups: groups.all,
    setNumbers: sets.numbers,
  };
}

/** The matchers of all rules, and how many each rule has; where they are too many, only that counts. */
function expandAll(rules: readonly RuleConfig[], slots: Uint32Array, groups: InterfaceGroups, sets: SetReferences): { lines: Lines; costs: Float64Array } {
  const lines = new Lines(rules.length);
  const costs = new Float64Array(rules.length);
  for (const [order, rule] of rules.entries()) {
    const blocks = rule.action === "block";
    const meaning = { slot: slots[order]!, order, blocks, staged: blocks && !rule.enforce, conditional: isConditional(rule) };
    costs[order] = expand(rule, meaningsFor(rule, groups, sets), lines, meaning, MOST_MATCHERS - lines.count);
  }
  return { lines, costs };
}

function meaningsFor({ name }: RuleConfig, groups: InterfaceGroups, sets: SetReferences): Meanings {
  return {
    groupOf: (interfaces, except) => groups.bitOf(interfaces, except, printable(name)),
    setsOf: (addresses) => sets.bitsOf(addresses, name),
    portsOf: (ports) => sets.portsOf(ports, name),
  };
}

function compileRule(rule: RuleConfig, slot: number): CompiledRule {
  const { name, action, enforce } = rule;
  const conditions = conditionsOf(rule);
  return { slot, name, action, enforce, ...(conditions === undefined ? {} : { conditions }) };
}

function uncrowded<T>(make: () => T, lines: Lines, rules: readonly RuleConfig[]): T {
  try {
    return make();
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

function explainCost(rules: readonly RuleConfig[], costs: Float64Array, sets: SetReferences): string | undefined {
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  if (total <= MOST_MATCHERS) return undefined;
  const dearest = rules.map((rule, index) => ({ rule, cost: costs[index]! })).sort((a, b) => b.cost - a.cost);
  const named = dearest.slice(0, MOST_NAMED).map(({ rule, cost }) => {
    const factors = factorsOf(rule, meaningsFor(rule, new InterfaceGroups(), sets));
    return `${quote(rule.name)} ${cost}${factors === "" ? "" : ` (${factors})`}`;
  });
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

function explainChain({ orders, exact }: LongChain, rules: readonly RuleConfig[]): string {
  const names = orders.map((order) => rules[order]!.name);
  const list = names.map(quote).join(", ");
  return exact
    ? `one packet can meet the ${names.length} conditional rules ${list} before a rule decides, at most ${Limit.CONDITIONS} fit; narrow them, or put an unconditional rule between`
    : `it cannot be shown that no packet meets more than ${Limit.CONDITIONS} of the ${names.length} conditional rules ${list}; narrow them`;
}

/** Nobody reads more at once. */
const MOST_WARNINGS = 100;

function explainShadowed(shadowed: readonly Shadowed[], rules: readonly RuleConfig[]): string[] {
  const told = shadowed.slice(0, MOST_WARNINGS).map(({ order, by }) => {
    const names = by.slice(0, MOST_NAMED).map((decider) => quote(rules[decider]!.name));
    const others = by.length - names.length;
    const deciders = others > 0 ? [...names, `${others} others`] : names;
    const last = deciders.pop();
    const list = deciders.length === 0 ? `${last} before it decides` : `${deciders.join(", ")} and ${last} before it decide`;
    return `rule ${quote(rules[order]!.name)} matches nothing: ${list} all of it`;
  });
  const rest = shadowed.length - told.length;
  return rest > 0 ? [...told, `${rest} more rules match nothing, because those before them decide all of it`] : told;
}

function warnings(rule: RuleConfig, cost: number, meanings: Meanings): string[] {
  if (leavesNothing(rule, meanings)) return [`rule ${quote(rule.name)} matches nothing: its "not" leaves none of it`];
  if (cost === 0) return [`rule ${quote(rule.name)} matches nothing: its sources and destinations are of different families`];
  const useless = leftOutInVain(rule, meanings);
  if (useless !== undefined) return [`the "not" of rule ${quote(rule.name)} leaves out nothing: what its ${useless} names is no part of the rule anyway`];
  return familyIsWrong(rule) ? [`rule ${quote(rule.name)} matches nothing: ${rule.layer4?.protocol} and its addresses are of different families`] : [];
}

/** `icmp` is IPv4 and `icmpv6` is IPv6, whatever number a stray packet carries. */
function familyIsWrong({ layer3, layer4 }: RuleConfig): boolean {
  const family = layer4?.protocol === "icmp" ? 4 : layer4?.protocol === "icmpv6" ? 6 : undefined;
  const lists = [layer3?.source ?? [], layer3?.destination ?? []].filter((list) => list.length > 0);
  return family !== undefined && lists.some((list) => !list.some((entry) => setNamed(entry) !== undefined) && list.flatMap(parseNetworks).every((network) => network.family !== family));
}
