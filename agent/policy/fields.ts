/**
 * Every field a rule can have, once. Compiling, the reference verdict, `explain` and the completeness test of the
 * conformance suite follow from this table: a field that is added here is a type error or a failing test wherever
 * it is not yet handled.
 */

import { formatAddress, fromInteger, parseAddress, toInteger } from "../values/address.ts";
import { fits } from "../values/pattern.ts";
import { icmpCodeNumber, icmpTable, icmpTypeName, icmpTypeNumber, protocolName, protocolNumber } from "../values/names.ts";
import { setNamed } from "./named-sets.ts";
import type { Ports, RuleConfig } from "./rule.ts";
import { CONDITION_FIELDS } from "./condition-fields.ts";
import { BOTH_WAYS, type Field, known, shown, UNKNOWN, type Want } from "./field.ts";
import { notField } from "./not.ts";
import { PROCESS_FIELD } from "./process-field.ts";
import type { Subject } from "./subject.ts";

const ADDRESS_OPERATORS = {
  address: "is this address",
  prefix: "shares the first bits with it",
  range: "lies in it, both ends included",
  set: "is in this set",
};

const PORT_OPERATORS = { port: "is this port", range: "lies in it, both ends included", set: "is in this set" };

export const FIELDS = {
  direction: {
    layer: "connection",
    directions: BOTH_WAYS,
    operators: { is: "the opener sends in this direction" },
    judged: "once",
    wants: ({ direction }) =>
      direction === "both" ? [] : [{ operator: "is", text: direction, holds: (subject) => subject.direction === direction }],
    got: (subject) => subject.direction,
  },
  interfaces: {
    layer: "connection",
    directions: BOTH_WAYS,
    operators: { name: "is this interface", pattern: "fits, `*` standing for any run of characters" },
    judged: "once",
    wants: ({ interfaces = [] }) =>
      interfaces.map((text) => ({
        operator: text.includes("*") ? "pattern" : "name",
        text,
        holds: (subject) => fits(text, subject.interface),
      })),
    got: (subject) => subject.interface,
  },
  "layer3.source": {
    layer: "layer3",
    directions: BOTH_WAYS,
    operators: ADDRESS_OPERATORS,
    judged: "once",
    wants: ({ layer3 }) => (layer3?.source ?? []).map((text) => wantAddress(text, (subject) => subject.source)),
    got: (subject, { layer3 }) => gotAddress(subject.source, layer3?.source, subject),
  },
  "layer3.destination": {
    layer: "layer3",
    directions: BOTH_WAYS,
    operators: ADDRESS_OPERATORS,
    judged: "once",
    wants: ({ layer3 }) => (layer3?.destination ?? []).map((text) => wantAddress(text, (subject) => subject.destination)),
    got: (subject, { layer3 }) => gotAddress(subject.destination, layer3?.destination, subject),
  },
  "layer4.protocol": {
    layer: "layer4",
    directions: BOTH_WAYS,
    operators: { name: "is the protocol of this name", number: "is this protocol, as IANA numbers them" },
    judged: "once",
    wants: ({ layer4 }) => (layer4?.protocol === undefined ? [] : [wantProtocol(layer4.protocol)]),
    got: ({ protocol }) => (protocol === undefined ? UNKNOWN : protocolName(protocol)),
  },
  "layer4.source_ports": {
    layer: "layer4",
    directions: BOTH_WAYS,
    operators: PORT_OPERATORS,
    judged: "once",
    wants: ({ layer4 }) => (layer4?.source_ports ?? []).map((value) => wantPort(value, "source")),
    got: ({ ports }) => shown(ports, ({ source }) => String(source)),
  },
  "layer4.destination_ports": {
    layer: "layer4",
    directions: BOTH_WAYS,
    operators: PORT_OPERATORS,
    judged: "once",
    wants: ({ layer4 }) => (layer4?.destination_ports ?? []).map((value) => wantPort(value, "destination")),
    got: ({ ports }) => shown(ports, ({ destination }) => String(destination)),
  },
  "layer4.icmp": {
    layer: "layer4",
    directions: BOTH_WAYS,
    operators: { type: "is this message, whatever its code", type_and_code: "is this message with this code" },
    judged: "once",
    wants: ({ layer4 }) => (layer4?.icmp ?? []).map((value) => wantMessage(layer4?.protocol, value)),
    got: ({ icmp, protocol }) => shown(icmp, ({ type, code }) => `${messageName(protocol, type)} code ${code}`),
  },
  ...PROCESS_FIELD,
  ...CONDITION_FIELDS,
  not: notField((path): Field => FIELDS[path]),
} satisfies Record<string, Field>;

export type FieldPath = keyof typeof FIELDS;

/** The same table, where a caller walks all of it. */
export const FIELD_ENTRIES = Object.entries(FIELDS) as [FieldPath, Field][];

/** Whether a rule looks at each packet of a connection, or decides once. */
export function isConditional(rule: RuleConfig): boolean {
  return asksFor(rule, ["each_packet", "by_count"]);
}

/** Whether it holds at times only. */
export function isTimed(rule: RuleConfig): boolean {
  return asksFor(rule, ["by_time"]);
}

function asksFor(rule: RuleConfig, judged: readonly Field["judged"][]): boolean {
  return FIELD_ENTRIES.some(([, field]) => judged.includes(field.judged) && field.wants(rule).length > 0);
}

const MAPPED_FIRST = 0xffff_0000_0000n;
const MAPPED_LAST = 0xffff_ffff_ffffn;

function wantAddress(text: string, read: (subject: Subject) => bigint): Want {
  const set = setNamed(text);
  if (set !== undefined) return { operator: "set", text, holds: (subject) => subject.sets.hasAddress(set, read(subject)) };
  const contains = addressesOf(text);
  return {
    operator: text.includes("/") ? "prefix" : text.includes("-") ? "range" : "address",
    text,
    holds: (subject) => contains(read(subject)),
  };
}

/** With the sets of the rule that it is in, and is not in. */
function gotAddress(address: bigint, wanted: readonly string[] = [], { sets }: Subject): string {
  const memberships = wanted.flatMap((text) => {
    const set = setNamed(text);
    return set === undefined ? [] : `${sets.hasAddress(set, address) ? "in" : "not in"} ${text}`;
  });
  return [formatAddress(fromInteger(address)), ...memberships].join(", ");
}

/** Compares integers, unlike the compiled form, which compares bits under a mask: each checks the other. */
export function addressesOf(text: string): (address: bigint) => boolean {
  const [first, last = first] = text.split("-") as [string, string?];
  const [base, length] = first.split("/") as [string, string?];
  const address = parseAddress(base);
  const isIPv4 = address.family === 4;
  const span = length === undefined ? 1n : 1n << BigInt((isIPv4 ? 32 : 128) - Number(length));
  const low = (toInteger(address.bytes) / span) * span;
  const high = length === undefined ? toInteger(parseAddress(last).bytes) : low + span - 1n;
  // ::/0 is all of IPv6, and IPv4 is no part of that, however it is held here.
  return (value) => (value >= MAPPED_FIRST && value <= MAPPED_LAST) === isIPv4 && value >= low && value <= high;
}

function wantProtocol(value: string | number): Want {
  const wanted = protocolNumber(value);
  return {
    operator: typeof value === "string" ? "name" : "number",
    text: String(value),
    holds: ({ protocol }) => (protocol === undefined ? undefined : protocol === wanted),
  };
}

function wantPort(value: Ports, end: "source" | "destination"): Want {
  const text = String(value);
  const set = setNamed(value);
  if (set !== undefined) return { operator: "set", text, holds: ({ ports, sets }) => known(ports, (of) => sets.hasPort(set, of[end])) };
  const [low, high = low] = text.split("-").map(Number) as [number, number?];
  return {
    operator: text.includes("-") ? "range" : "port",
    text,
    holds: ({ ports }) => known(ports, (of) => of[end] >= low && of[end] <= high),
  };
}

function wantMessage(protocol: string | number = "", value: { type: string | number; code?: string | number }): Want {
  const table = icmpTable(protocol) ?? {};
  const type = icmpTypeNumber(table, value.type);
  const code = value.code === undefined ? undefined : icmpCodeNumber(table, value.type, value.code);
  return {
    operator: code === undefined ? "type" : "type_and_code",
    text: value.code === undefined ? String(value.type) : `${value.type} code ${value.code}`,
    holds: ({ icmp }) => known(icmp, (message) => message.type === type && (code === undefined || message.code === code)),
  };
}

function messageName(protocol: number | undefined, type: number): string {
  return icmpTypeName(icmpTable(protocol ?? "") ?? {}, type);
}
