/** A rule as matchers: every combination of the alternatives its fields list. */

import { icmpCodeNumber, icmpTable, icmpTypeNumber, protocolNumber } from "../../config/names.ts";
import { parsePorts, type PortRange } from "../../config/ports.ts";
import type { RuleConfig } from "../../config/types.ts";
import { Direction } from "../generated/layout.ts";
import type { LineRule, Lines } from "./classifier/line.ts";
import type { FieldPath } from "./fields.ts";
import { type Pair, pairsOf } from "./pairs.ts";

/** The bit of an `interfaces` list. */
export type GroupOf = (interfaces: readonly string[]) => bigint;

/** What a field adds to a matcher: it writes one of its alternatives. */
interface Expansion<T> {
  /** One entry each; ANY where the field says nothing, and none at all if it can match nothing. */
  alternatives(rule: RuleConfig, groupOf: GroupOf): readonly (T | undefined)[];
  write(lines: Lines, line: number, alternative: T): void;
}

const ANY = [undefined];

interface Message {
  type: number | undefined;
  code: number | undefined;
}

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
    alternatives: ({ interfaces }, groupOf) => (interfaces === undefined || interfaces.length === 0 ? ANY : [groupOf(interfaces)]),
    write: (lines, line, groups) => lines.setInterfaceGroups(line, groups),
  }),
  "layer3.source": expansion<Pair>({
    alternatives: ({ layer3 }) => (layer3 === undefined ? ANY : pairsOf(layer3.source, layer3.destination)),
    write(lines, line, { source, destination }) {
      if (source !== undefined) lines.setSource(line, source);
      if (destination !== undefined) lines.setDestination(line, destination);
    },
  }),
  "layer3.destination": expansion<never>({ alternatives: () => ANY, write() {} }), // with the source: only some pairs can meet
  "layer4.protocol": expansion<number>({
    alternatives: ({ layer4 }) => (layer4?.protocol === undefined ? ANY : [protocolNumber(layer4.protocol)]),
    write: (lines, line, protocol) => lines.setProtocol(line, protocol),
  }),
  "layer4.source_ports": expansion<PortRange>({
    alternatives: ({ layer4 }) => portsOf(layer4?.source_ports),
    write: (lines, line, ports) => lines.setSourcePorts(line, ports),
  }),
  "layer4.destination_ports": expansion<PortRange>({
    alternatives: ({ layer4 }) => portsOf(layer4?.destination_ports),
    write: (lines, line, ports) => lines.setDestinationPorts(line, ports),
  }),
  "layer4.icmp": expansion<Message>({
    alternatives({ layer4 }) {
      if (layer4?.icmp === undefined || layer4.icmp.length === 0) return ANY;
      const table = icmpTable(layer4.protocol ?? "") ?? {};
      return layer4.icmp.map(({ type, code }) => ({ type: icmpTypeNumber(table, type), code: code === undefined ? undefined : icmpCodeNumber(table, type, code) }));
    },
    write(lines, line, { type, code }) {
      if (type !== undefined) lines.setIcmpType(line, type);
      if (code !== undefined) lines.setIcmpCode(line, code);
    },
  }),
  "layer4.flags": IN_THE_SLOT,
  "layer4.state": IN_THE_SLOT,
  "layer4.connection_duration": IN_THE_SLOT,
};

const FIELDS = Object.entries(EXPAND) as unknown as [FieldPath, Expansion<unknown>][];

function expansion<T>(of: Expansion<T>): Expansion<never> {
  return of as unknown as Expansion<never>;
}

function portsOf(list: readonly (number | string)[] | undefined): readonly (PortRange | undefined)[] {
  return list === undefined || list.length === 0 ? ANY : list.map(parsePorts);
}

/** Adds the matchers of a rule, unless there are more than `most`. Answers how many they are. */
export function expand(rule: RuleConfig, groupOf: GroupOf, lines: Lines, meaning: LineRule, most: number): number {
  const choices = FIELDS.map(([, field]) => field.alternatives(rule, groupOf));
  const count = choices.reduce((product, { length }) => product * length, 1);
  for (let number = 0; number < count && count <= most; number++) {
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
  return count;
}

/** What multiplies the matchers of a rule, as `100 layer3.source`. */
export function factorsOf(rule: RuleConfig): string[] {
  const counts = FIELDS.map(([path, field]) => ({ path, count: field.alternatives(rule, () => 0n).length }));
  return counts.filter(({ count }) => count > 1).map(({ path, count }) => `${count} ${label(path)}`);
}

function label(path: FieldPath): string {
  return path === "layer3.source" ? "pairs of layer3.source and layer3.destination" : path;
}
