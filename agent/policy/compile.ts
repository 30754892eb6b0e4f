/** Compiles rules as they are written into the content of the tables. Rules that the tables cannot hold are refused by name. */

import { parseNetworks } from "../values/address.ts";
import type { RuleConfig } from "./rule.ts";
import { Limit, Match } from "../generated/layout.ts";
import { capacityFor, hasRoomFor, LARGEST } from "./capacity.ts";
import { Classifier } from "./classifier/build.ts";
import { Crowded } from "./classifier/crowded.ts";
import { Lines, WORDS } from "./classifier/line.ts";
import { conditionalLines, findLongChain } from "./chain.ts";
import { type BootClock, bootClock } from "./boot-clock.ts";
import { expand } from "./expand.ts";
import { isOver } from "./fields/expires.ts";
import { isConditional, isTimed } from "./fields/index.ts";
import { asksForInvalid } from "./fields/state.ts";
import { type Group, InterfaceGroups } from "./groups.ts";
import { ProcessKinds } from "./kinds.ts";
import { resolverFor, type NameTables } from "./name-resolver.ts";
import { packRules } from "./pack.ts";
import { MOST_MATCHERS, withoutIPv4 } from "./pairs.ts";
import {
  explainCells,
  explainChain,
  explainCost,
  explainCrowd,
  explainFailsafe,
  explainSetConflicts,
  explainShadowed,
  type RuleAt,
  warningsOf,
} from "./problems.ts";
import { numberSets, SetReferences } from "./sets.ts";
import { findShadowed } from "./shadowed.ts";
import { assignSlots, joinSlots, MOST_RULES, type Slots, splitSlots } from "./slots.ts";
import type { Before, CompiledRules, Part, RulesSource } from "./compiled.ts";

/** Thrown if rules are refused, with every reason at once. The rules in force do not change. */
export class RulesRefused extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`the rules are refused: ${problems.join("; ")}`);
    this.name = "RulesRefused";
    this.problems = problems;
  }
}

/** Rules behind the front have orders from here on, so the front may change without them. */
const FIRST_ORDER_BEHIND = Limit.RULES;

/** `previous` is the policy in force, so that unchanged rules keep their slots. Rules that have ended are left out. */
export function compile(source: RulesSource, previous?: Before, clock = bootClock()): CompiledRules {
  const { front = [], rules } = source;
  const all = [...front, ...rules];
  if (all.length > MOST_RULES)
    throw new RulesRefused([
      `there are ${all.length} rules, at most ${MOST_RULES} fit; join rules that differ only in addresses or ports into one with lists`,
    ]);

  const enough = capacityFor(all.length, 0, previous?.capacity) ?? LARGEST;
  const { fresh, next, ...slots } = assignSlots(all, previous && joinSlots(previous.front.slots, previous.file.slots), {
    capacity: enough.slots,
    next: previous?.nextSlot,
  });
  const [frontSlots, fileSlots] = splitSlots(slots, front.length);
  const groups = new InterfaceGroups();
  const sets = new SetReferences(source.sets, numberSets(source.sets, previous?.setNumbers));
  const behind = expandAll(rules, fileSlots, { groups, sets, now: clock.now() }, FIRST_ORDER_BEHIND, MOST_MATCHERS);
  const before = expandAll(front, frontSlots, { groups, sets, now: clock.now() }, 0, MOST_MATCHERS - behind.lines.count);
  const failsafe = source.failsafe.addresses.flatMap(parseNetworks).flatMap(withoutIPv4);
  const costs = [...before.costs, ...behind.costs];
  const kinds = ProcessKinds.of(all, previous?.kinds);
  const problems = [
    groups.problem,
    ...sets.problems,
    kinds.problemOf(all),
    explainCost(all, costs, sets),
    explainFailsafe(failsafe, source),
  ].filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new RulesRefused(problems);

  const ruleAt: RuleAt = (order) => (order < FIRST_ORDER_BEHIND ? front[order]! : rules[order - FIRST_ORDER_BEHIND]!);
  const classifiers = [before, behind].map(({ lines }) => uncrowded(() => new Classifier(lines), ruleAt)) as [Classifier, Classifier];
  const isSilenced = (lines: Lines, line: number): boolean => Classifier.silencedBy(classifiers, lines, line) !== undefined;
  const long = findLongChain(behind.lines, undefined, isSilenced) ?? findLongChain(before.lines, behind.lines, isSilenced);
  if (long !== undefined) throw new RulesRefused([explainChain(long, ruleAt)]);
  const shadowed = [...findShadowed(before.lines, classifiers[0]), ...findShadowed(behind.lines, classifiers[1], [classifiers[0]])];
  const [frontPart, filePart] = [
    partOf(front, before, frontSlots, classifiers[0], ruleAt, kinds, clock),
    partOf(rules, behind, fileSlots, classifiers[1], ruleAt, kinds, clock),
  ];
  const cells = frontPart.cellCount + filePart.cellCount;
  const capacity = capacityFor(all.length, cells, enough);
  if (capacity === undefined) {
    const cut = classifiers.flatMap((classifier) => classifier.cutOrders());
    throw new RulesRefused([
      explainCells(
        cells,
        cut.map((order) => ruleAt(order).name),
      ),
    ]);
  }

  return {
    policy: {
      defaultAction: source.defaults.action,
      onError: { ...source.defaults.on_error },
      inspectTunnels: source.inspect_tunnels,
      refusesBypass: source.packet_sockets === "refuse",
      eventsPerSecond: source.events_per_second,
      managementPorts: [...source.failsafe.management_ports],
      failsafe,
    },
    front: frontPart,
    file: filePart,
    capacity,
    freshSlots: fresh,
    nextSlot: next,
    setNumbers: sets.numbers,
    kinds: kinds.list,
    kindsPlace: undefined,
    warnings: [
      ...warningsOf(all, sets, clock.now()),
      ...explainShadowed(shadowed, ruleAt),
      ...explainSetConflicts(all, source.sets, shadowed, ruleAt),
    ],
  };
}

/**
 * Compiles another front before the rules that are in force, without looking at these. Returns undefined if that is not enough to
 * know that they fit together: then call `compile`, which knows the reason, too. Throws RulesRefused.
 */
export function compileFront({ front = [], sets: named }: RulesSource, before: Before, clock = bootClock()): CompiledRules | undefined {
  const { file, capacity } = before;
  const count = front.length + file.slots.slots.length;
  if (!hasRoomFor(count, file.cellCount, capacity)) return undefined;
  const { fresh, next, ...slots } = assignSlots(front, before.front.slots, {
    capacity: capacity.slots,
    next: before.nextSlot,
    taken: file.slots.slots,
  });
  const groups = new InterfaceGroups(file.interfaceGroups);
  const sets = new SetReferences(named, before.setNumbers);
  const expanded = expandAll(front, slots, { groups, sets, now: clock.now() }, 0, MOST_MATCHERS - file.alternatives);
  const { lines, costs } = expanded;
  const kinds = ProcessKinds.of(front, before.kinds, true);
  if (
    groups.problem !== undefined ||
    kinds.problemOf(front) !== undefined ||
    sets.problems.length > 0 ||
    sumOf(costs) > MOST_MATCHERS - file.alternatives
  )
    return undefined;
  const ruleAt: RuleAt = (order) => front[order]!;
  const classifier = uncrowded(() => new Classifier(lines), ruleAt);
  if (findLongChain(lines, Lines.over(file.conditional), (others, line) => Classifier.silencedBy([classifier], others, line) !== undefined))
    return undefined;
  const shadowed = findShadowed(lines, classifier);
  const part = partOf(front, expanded, slots, classifier, ruleAt, kinds, clock);
  if (!hasRoomFor(count, file.cellCount + part.cellCount, capacity)) return undefined;
  return {
    ...withoutImages(before),
    front: part,
    freshSlots: fresh,
    nextSlot: next,
    kinds: kinds.list,
    warnings: [
      ...warningsOf(front, sets, clock.now()),
      ...explainShadowed(shadowed, ruleAt),
      ...explainSetConflicts(front, named, shadowed, ruleAt),
    ],
  };
}

/** Drops the images once they are written, because they take most of the memory. */
export function withoutImages({ policy, front, file, capacity, nextSlot, setNumbers, kinds, kindsPlace }: Before): Before {
  const [{ image: _, ...frontRest }, { image: __, ...fileRest }] = [front, file];
  return { policy, front: frontRest, file: fileRest, capacity, nextSlot, setNumbers, kinds, kindsPlace };
}

/** Returns the choices of interfaces that both parts make, by bit. */
export function interfaceGroupsOf({ front, file }: Before): Group[] {
  return [...file.interfaceGroups, ...front.interfaceGroups];
}

/** Returns the names of compiled rules by slot. */
export function namesBySlot({ front = [], rules }: RulesSource, compiled: Before): Map<number, string> {
  const named = (list: readonly RuleConfig[], { slots }: Part): [number, string][] =>
    list.map(({ name }, index) => [slots.slots[index]!, name]);
  return new Map([...named(front, compiled.front), ...named(rules, compiled.file)]);
}

interface Expanded {
  lines: Lines;
  /** The number of matchers of each rule. */
  costs: Float64Array;
  /** The choices of interfaces that these rules were the first to make. */
  interfaceGroups: Group[];
}

/** Makes the matchers of rules. If there are more than `most`, it only counts them. */
function expandAll(
  rules: readonly RuleConfig[],
  { slots }: Slots,
  names: NameTables & { now: number },
  firstOrder: number,
  most: number,
): Expanded {
  const lines = new Lines(rules.length);
  const costs = new Float64Array(rules.length);
  const known = names.groups.all.length;
  for (const [index, rule] of rules.entries()) {
    if (isOver(rule, names.now)) continue;
    const blocks = rule.action === "block";
    const lineRule = {
      slot: slots[index]!,
      order: firstOrder + index,
      blocks,
      staged: blocks && !rule.enforce,
      conditional: isConditional(rule),
      timed: isTimed(rule),
    };
    costs[index] = expand(rule, resolverFor(rule, names), lines, lineRule, most - lines.count);
  }
  return { lines, costs, interfaceGroups: names.groups.all.slice(known) };
}

function partOf(
  rules: readonly RuleConfig[],
  { lines, interfaceGroups }: Expanded,
  slots: Slots,
  classifier: Classifier,
  ruleAt: RuleAt,
  kinds: ProcessKinds,
  clock: BootClock,
): Part {
  const conditional = conditionalLines(lines);
  const cells = uncrowded(() => classifier.cells(), ruleAt);
  return {
    slots,
    alternatives: lines.count,
    interfaceGroups,
    asksForInvalid: rules.some(asksForInvalid),
    askedSets: askedSets(lines),
    conditional,
    cellCount: cells.length / WORDS,
    image: { cells, rules: packRules(rules, { clock, fingerprints: slots.fingerprints, kindOf: (process) => kinds.numberOf(process)! }) },
  };
}

function askedSets(lines: Lines): number {
  let asked = 0;
  for (let line = 0; line < lines.count; line++) asked |= lines.fields(line);
  return asked & (Match.SOURCE_SET | Match.DESTINATION_SET);
}

function uncrowded<T>(make: () => T, ruleAt: RuleAt): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof Crowded)) throw error;
    throw new RulesRefused([explainCrowd(error.orders.map((order) => ruleAt(order).name))]);
  }
}

function sumOf(costs: Float64Array): number {
  return costs.reduce((sum, cost) => sum + cost, 0);
}
