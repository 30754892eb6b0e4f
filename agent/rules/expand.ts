/** A rule as matchers: every combination of the alternatives its fields list. */

import { icmpCodeNumber, icmpTable, icmpTypeNumber, protocolNumber } from "../../config/names.ts";
import { parsePorts } from "../../config/ports.ts";
import type { RuleConfig } from "../../config/types.ts";
import { Direction } from "../generated/layout.ts";
import type { FieldPath } from "./fields.ts";
import type { Matcher } from "./matcher.ts";
import { pairsOf } from "./pairs.ts";

type Alternative = Partial<Matcher>;

/** The bit of an `interfaces` list. */
export type GroupOf = (interfaces: readonly string[]) => bigint;

const ANY: Alternative[] = [{}];

/** What each field adds to a matcher, one entry an alternative; none at all if it can match nothing. */
const EXPAND: Record<FieldPath, (rule: RuleConfig, groupOf: GroupOf) => Alternative[]> = {
  direction: ({ direction }) => [{ directions: directionBits(direction) }],
  interfaces: ({ interfaces = [] }, groupOf) => (interfaces.length === 0 ? ANY : [{ interfaceGroups: groupOf(interfaces) }]),
  "layer3.source": ({ layer3 }) => pairsOf(layer3?.source, layer3?.destination),
  "layer3.destination": () => ANY, // with the source: only some pairs can meet
  "layer4.protocol": ({ layer4 }) => {
    const protocol = protocolNumber(layer4?.protocol ?? "");
    return protocol === undefined ? ANY : [{ protocol }];
  },
  "layer4.source_ports": ({ layer4 }) => orAny((layer4?.source_ports ?? []).map((ports) => ({ sourcePorts: parsePorts(ports) }))),
  "layer4.destination_ports": ({ layer4 }) => orAny((layer4?.destination_ports ?? []).map((ports) => ({ destinationPorts: parsePorts(ports) }))),
  "layer4.icmp": ({ layer4 }) => {
    const table = icmpTable(layer4?.protocol ?? "") ?? {};
    return orAny((layer4?.icmp ?? []).map(({ type, code }) => ({ ...icmpTypeOf(table, type), ...icmpCodeOf(table, type, code) })));
  },
  "layer4.flags": () => ANY, // judged for each packet: in the rule's slot, not in a matcher
};

/** How each field multiplies the matchers of a rule; "any" is 1. */
export interface Expansion {
  cost: number;
  /** `100 layer3.source`, for the fields that multiply. */
  factors: string[];
  matchers(slot: number): Matcher[];
}

export function expand(rule: RuleConfig, groupOf: GroupOf): Expansion {
  const fields = Object.entries(EXPAND).map(([path, alternatives]) => ({ path, alternatives: alternatives(rule, groupOf) }));
  return {
    cost: fields.reduce((cost, { alternatives }) => cost * alternatives.length, 1),
    factors: fields.filter(({ alternatives }) => alternatives.length > 1).map(({ path, alternatives }) => `${alternatives.length} ${label(path)}`),
    matchers: (slot) =>
      fields.reduce<Matcher[]>(
        (matchers, { alternatives }) => matchers.flatMap((matcher) => alternatives.map((more) => ({ ...matcher, ...more }))),
        [{ slot, directions: 0 }],
      ),
  };
}

function label(path: string): string {
  return path === "layer3.source" ? "pairs of layer3.source and layer3.destination" : path;
}

function orAny(alternatives: Alternative[]): Alternative[] {
  return alternatives.length === 0 ? ANY : alternatives;
}

function directionBits(direction: RuleConfig["direction"]): number {
  const ingress = 1 << Direction.INGRESS;
  const egress = 1 << Direction.EGRESS;
  return direction === "both" ? ingress | egress : direction === "ingress" ? ingress : egress;
}

type IcmpTable = NonNullable<ReturnType<typeof icmpTable>>;

function icmpTypeOf(table: IcmpTable, type: string | number): Alternative {
  const icmpType = icmpTypeNumber(table, type);
  return icmpType === undefined ? {} : { icmpType };
}

function icmpCodeOf(table: IcmpTable, type: string | number, code: string | number | undefined): Alternative {
  const icmpCode = code === undefined ? undefined : icmpCodeNumber(table, type, code);
  return icmpCode === undefined ? {} : { icmpCode };
}
