/**
 * A rule as matchers: every combination of the alternatives its fields list. What its `not` leaves over is a part for
 * each field that `not` names: not (A and B) is not A, or not B. The parts may overlap, for they are of one rule.
 */

import { isDeepStrictEqual } from "node:util";

import { icmpCodeNumber, icmpTable, icmpTypeNumber, protocolNumber } from "../values/names.ts";
import { parsePorts } from "../values/ports.ts";
import type { Layer4Config, NotConfig, Ports, RuleConfig } from "./rule.ts";
import { Direction, MatcherFlag } from "../generated/layout.ts";
import type { LineRule, Lines } from "./classifier/line.ts";
import type { FieldPath } from "./fields.ts";
import { type NotPath, notPaths } from "./not.ts";
import { type End, type Pair, pairsOf } from "./pairs.ts";
import { NOTHING, rangesOutside, type Range } from "./spans.ts";

/** What lists of a rule mean that stand for something beside it. */
export interface Meanings {
  /** The bit of the interfaces that fit some of the first, or any where there are none, and none of the others. */
  groupOf(interfaces: readonly string[], except: readonly string[]): bigint;
  /** Bits of the sets that a list of addresses names. */
  setsOf(addresses: readonly string[]): bigint;
  /** The list with the ports of the sets it names. */
  portsOf(ports: readonly Ports[]): readonly Ports[];
}

/** What a field adds to a matcher: it writes one of its alternatives. */
interface Expansion<T> {
  /**
   * One entry each; ANY where the field says nothing, and none at all if it can match nothing. `left`: the field of
   * the rule's `not` that this part leaves out.
   */
  alternatives(rule: RuleConfig, meanings: Meanings, left: NotPath | undefined): readonly (T | undefined)[];
  write(lines: Lines, line: number, alternative: T): void;
}

const ANY = [undefined];
const NONE: readonly never[] = [];
const ALL_PORTS: readonly Range[] = [{ first: 0, last: 0xffff }];
const ALL_MESSAGES = ALL_PORTS;
const ALL_PROTOCOLS: readonly Range[] = [{ first: 0, last: 0xff }];

const DIRECTIONS: Record<RuleConfig["direction"], number[]> = {
  ingress: [1 << Direction.INGRESS],
  egress: [1 << Direction.EGRESS],
  both: [(1 << Direction.INGRESS) | (1 << Direction.EGRESS)],
};

/** What each packet is asked for stands with what the rule does, not in a matcher: see conditions.ts. */
const IN_THE_SLOT = expansion<never>({ alternatives: () => ANY, write() {} });

const EXPAND: Record<FieldPath, Expansion<never>> = {
  direction: expansion<number>({
    alternatives: ({ direction }) => DIRECTIONS[direction],
    write: (lines, line, directions) => lines.setDirections(line, directions),
  }),
  interfaces: expansion<bigint>({
    alternatives({ interfaces = NONE, not }, { groupOf }, left) {
      const except = left === "interfaces" ? (not?.interfaces ?? NONE) : NONE;
      return interfaces.length + except.length === 0 ? ANY : [groupOf(interfaces, except)];
    },
    write: (lines, line, groups) => lines.setInterfaceGroups(line, groups),
  }),
  "layer3.source": expansion<Pair>({
    alternatives(rule, { setsOf }, left) {
      if (rule.layer3 === undefined && left === undefined) return ANY;
      return pairsOf(endOf(rule, "source", left), endOf(rule, "destination", left), setsOf);
    },
    write(lines, line, { source, destination }) {
      if (source !== undefined) "sets" in source ? lines.setSourceSets(line, source.sets) : lines.setSource(line, source);
      if (destination !== undefined) "sets" in destination ? lines.setDestinationSets(line, destination.sets) : lines.setDestination(line, destination);
    },
  }),
  "layer3.destination": expansion<never>({ alternatives: () => ANY, write() {} }), // with the source: only some pairs can meet
  "layer4.protocol": expansion<Range>({
    alternatives({ layer4, not }, _, left) {
      if (left === "layer4.protocol") return rangesOutside(protocolOf(layer4) ?? ALL_PROTOCOLS, protocolOf(not?.layer4) ?? NONE);
      // Ports and messages are left out of a protocol.
      return protocolOf(layer4) ?? (left?.startsWith("layer4.") ? protocolOf(not?.layer4) : undefined) ?? ANY;
    },
    write: (lines, line, protocols) => lines.setProtocols(line, protocols),
  }),
  "layer4.source_ports": expansion<Range>({
    alternatives: (rule, meanings, left) => portsOf(rule, "source_ports", meanings, left),
    write: (lines, line, ports) => lines.setSourcePorts(line, ports),
  }),
  "layer4.destination_ports": expansion<Range>({
    alternatives: (rule, meanings, left) => portsOf(rule, "destination_ports", meanings, left),
    write: (lines, line, ports) => lines.setDestinationPorts(line, ports),
  }),
  "layer4.icmp": expansion<Range>({
    alternatives({ layer4, not }, _, left) {
      const messages = messagesOf(layer4?.icmp, layer4?.protocol);
      if (left !== "layer4.icmp") return messages.length === 0 ? ANY : messages;
      return rangesOutside(messages.length === 0 ? ALL_MESSAGES : messages, messagesOf(not?.layer4?.icmp, not?.layer4?.protocol ?? layer4?.protocol));
    },
    write: (lines, line, messages) => lines.setMessages(line, messages),
  }),
  process: expansion<number>({
    alternatives({ process }, _, left) {
      const flags = (process === undefined ? 0 : MatcherFlag.OF_KIND) | (left === "process" ? MatcherFlag.OF_OTHER_KIND : 0);
      return flags === 0 ? ANY : [flags];
    },
    write: (lines, line, flags) => lines.askForProcess(line, flags),
  }),
  "layer4.flags": IN_THE_SLOT,
  schedule: IN_THE_SLOT,
  expires: IN_THE_SLOT,
  "layer4.over_rate": IN_THE_SLOT,
  "layer4.connections_over": IN_THE_SLOT,
  "layer4.state": IN_THE_SLOT,
  "layer4.connection_duration": IN_THE_SLOT,
  not: expansion<never>({ alternatives: () => ANY, write() {} }), // says what the fields it names leave out
};

const FIELDS = Object.entries(EXPAND) as unknown as [FieldPath, Expansion<unknown>][];

function expansion<T>(of: Expansion<T>): Expansion<never> {
  return of as unknown as Expansion<never>;
}

function endOf({ layer3, not }: RuleConfig, end: "source" | "destination", left: NotPath | undefined): End {
  return { of: layer3?.[end], except: left === `layer3.${end}` ? not?.layer3?.[end] : undefined };
}

function protocolOf(layer4: NotConfig["layer4"]): Range[] | undefined {
  if (layer4?.protocol === undefined) return undefined;
  const number = protocolNumber(layer4.protocol)!;
  return [{ first: number, last: number }];
}

function portsOf({ layer4, not }: RuleConfig, end: "source_ports" | "destination_ports", meanings: Meanings, left: NotPath | undefined): readonly (Range | undefined)[] {
  const list = meanings.portsOf(layer4?.[end] ?? NONE).map(parsePorts);
  if (left === `layer4.${end}`) return rangesOutside(list.length === 0 ? ALL_PORTS : list, meanings.portsOf(not?.layer4?.[end] ?? NONE).map(parsePorts));
  return list.length === 0 ? ANY : list;
}

/** A message is one number: the type in the upper byte, the code in the lower. */
function messagesOf(list: Layer4Config["icmp"] = [], protocol: string | number = ""): Range[] {
  const table = icmpTable(protocol) ?? {};
  return list.map(({ type, code }) => {
    const first = icmpTypeNumber(table, type)! << 8;
    if (code === undefined) return { first, last: first | 0xff };
    const exact = first | icmpCodeNumber(table, type, code)!;
    return { first: exact, last: exact };
  });
}

/** The field of `not` that each part leaves out; a rule without `not` is one part, and so is one whose `not` is about another protocol. */
function partsOf(rule: RuleConfig): readonly (NotPath | undefined)[] {
  const { layer4, not } = rule;
  const [ours, theirs] = [protocolOf(layer4)?.[0]?.first, protocolOf(not?.layer4)?.[0]?.first];
  const leavesOutNothing = ours !== undefined && theirs !== undefined && ours !== theirs;
  return not === undefined || leavesOutNothing ? ANY : notPaths(not);
}

/** Adds the matchers of a rule, unless there are more than `most`. Answers how many they are. */
export function expand(rule: RuleConfig, meanings: Meanings, lines: Lines, meaning: LineRule, most: number): number {
  let total = 0;
  for (const left of partsOf(rule)) {
    const choices = FIELDS.map(([, field]) => field.alternatives(rule, meanings, left));
    const count = choices.reduce((product, { length }) => product * length, 1);
    total += count;
    for (let number = 0; number < count && total <= most; number++) {
      const line = lines.add();
      lines.setRule(line, meaning);
      // The number of a combination, read digit by digit from the last field: each field is a digit of its own base.
      let rest = number;
      for (let index = FIELDS.length - 1; index >= 0; index--) {
        const alternatives = choices[index]!;
        const chosen = alternatives[rest % alternatives.length];
        rest = Math.floor(rest / alternatives.length);
        if (chosen !== undefined) FIELDS[index]![1].write(lines, line, chosen);
      }
    }
  }
  return total;
}

/** What multiplies the matchers of a rule, as `100 layer3.source`, and what `not` adds to them. */
export function factorsOf(rule: RuleConfig, meanings: Meanings): string {
  const parts = partsOf(rule).map((left) => {
    const counts = FIELDS.map(([path, field]) => ({ path, count: field.alternatives(rule, meanings, left).length }));
    return counts.filter(({ count }) => count > 1).map(({ path, count }) => `${count} ${label(path)}`).join(" x ");
  });
  return parts.filter((part) => part !== "").join(" + ");
}

function label(path: FieldPath): string {
  return path === "layer3.source" ? "pairs of layer3.source and layer3.destination" : path;
}

/** Whether its `not` leaves nothing of the rule. */
export function leavesNothing(rule: RuleConfig, meanings: Meanings): boolean {
  if (rule.not === undefined) return false;
  return partsOf(rule).every((left) => FIELDS.some(([, field]) => field.alternatives(rule, meanings, left).every((alternative) => alternative === NOTHING)));
}

/** A field of `not` that names nothing the rule would match, so that nothing is left out. */
export function leftOutInVain(rule: RuleConfig, meanings: Meanings): NotPath | undefined {
  if (rule.not === undefined) return undefined;
  const alternatives = (path: NotPath, left: NotPath | undefined): readonly unknown[] => EXPAND[path === "layer3.destination" ? "layer3.source" : path].alternatives(rule, meanings, left);
  return notPaths(rule.not).filter((path) => path !== "interfaces").find((path) => isDeepStrictEqual(alternatives(path, path), alternatives(path, undefined)));
}
