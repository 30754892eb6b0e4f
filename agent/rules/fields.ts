/**
 * Every field a rule can have, once. Compiling, the reference verdict, `explain` and the completeness test of the
 * conformance suite follow from this table: a field that is added here is a type error or a failing test wherever
 * it is not yet handled.
 */

import { formatAddress, fromInteger, parseAddress, toInteger } from "../../config/address.ts";
import { interfaceMatches } from "../../config/interfaces.ts";
import { icmpCodeNumber, icmpTable, icmpTypeName, icmpTypeNumber, protocolName, protocolNumber, TCP_FLAGS } from "../../config/names.ts";
import type { TcpFlag } from "../../config/names.ts";
import type { Ports, RuleConfig } from "../../config/types.ts";
import type { Direction } from "../events/event.ts";
import type { Subject } from "./subject.ts";

/** One value of a rule's list. The values of a field are alternatives; the fields of a rule must all hold. */
export interface Want {
  operator: string;
  /** As the operator wrote it. */
  text: string;
  /** undefined: the packet does not say. */
  holds(subject: Subject): boolean | undefined;
}

export interface Field {
  layer: "connection" | "layer3" | "layer4";
  /** Directions of the opener the field can be asked of. */
  directions: readonly Direction[];
  /** How each form of a value is compared. */
  operators: Readonly<Record<string, string>>;
  /** Judged for each packet of a flow, and not once for the flow. */
  conditional: boolean;
  /** Empty: any. */
  wants(rule: RuleConfig): Want[];
  /** What the packet has, for a reader. */
  got(subject: Subject): string;
}

const BOTH_WAYS: readonly Direction[] = ["ingress", "egress"];
const UNKNOWN = "unknown";
const NONE = "none";

const ADDRESS_OPERATORS = {
  address: "is this address",
  prefix: "shares the first bits with it",
  range: "lies in it, both ends included",
};

const PORT_OPERATORS = { port: "is this port", range: "lies in it, both ends included" };

export const FIELDS = {
  direction: {
    layer: "connection",
    directions: BOTH_WAYS,
    operators: { is: "the opener sends in this direction" },
    conditional: false,
    wants: ({ direction }) =>
      direction === "both" ? [] : [{ operator: "is", text: direction, holds: (subject) => subject.direction === direction }],
    got: (subject) => subject.direction,
  },
  interfaces: {
    layer: "connection",
    directions: BOTH_WAYS,
    operators: { name: "is this interface", pattern: "fits, `*` standing for any run of characters" },
    conditional: false,
    wants: ({ interfaces = [] }) =>
      interfaces.map((text) => ({
        operator: text.includes("*") ? "pattern" : "name",
        text,
        holds: (subject) => interfaceMatches(text, subject.interface),
      })),
    got: (subject) => subject.interface,
  },
  "layer3.source": {
    layer: "layer3",
    directions: BOTH_WAYS,
    operators: ADDRESS_OPERATORS,
    conditional: false,
    wants: ({ layer3 }) => (layer3?.source ?? []).map((text) => wantAddress(text, (subject) => subject.source)),
    got: (subject) => formatAddress(fromInteger(subject.source)),
  },
  "layer3.destination": {
    layer: "layer3",
    directions: BOTH_WAYS,
    operators: ADDRESS_OPERATORS,
    conditional: false,
    wants: ({ layer3 }) => (layer3?.destination ?? []).map((text) => wantAddress(text, (subject) => subject.destination)),
    got: (subject) => formatAddress(fromInteger(subject.destination)),
  },
  "layer4.protocol": {
    layer: "layer4",
    directions: BOTH_WAYS,
    operators: { name: "is the protocol of this name", number: "is this protocol, as IANA numbers them" },
    conditional: false,
    wants: ({ layer4 }) => (layer4?.protocol === undefined ? [] : [wantProtocol(layer4.protocol)]),
    got: ({ protocol }) => (protocol === undefined ? UNKNOWN : protocolName(protocol)),
  },
  "layer4.source_ports": {
    layer: "layer4",
    directions: BOTH_WAYS,
    operators: PORT_OPERATORS,
    conditional: false,
    wants: ({ layer4 }) => (layer4?.source_ports ?? []).map((value) => wantPort(value, "source")),
    got: ({ ports }) => shown(ports, ({ source }) => String(source)),
  },
  "layer4.destination_ports": {
    layer: "layer4",
    directions: BOTH_WAYS,
    operators: PORT_OPERATORS,
    conditional: false,
    wants: ({ layer4 }) => (layer4?.destination_ports ?? []).map((value) => wantPort(value, "destination")),
    got: ({ ports }) => shown(ports, ({ destination }) => String(destination)),
  },
  "layer4.icmp": {
    layer: "layer4",
    directions: BOTH_WAYS,
    operators: { type: "is this message, whatever its code", type_and_code: "is this message with this code" },
    conditional: false,
    wants: (rule) => (rule.layer4?.icmp ?? []).map((value) => wantMessage(rule, value)),
    got: ({ icmp, protocol }) => shown(icmp, ({ type, code }) => `${messageName(protocol, type)} code ${code}`),
  },
  "layer4.flags": {
    layer: "layer4",
    directions: BOTH_WAYS,
    operators: { set: "has all of these flags", unset: "has none of these flags", set_and_unset: "has the first and lacks the second" },
    conditional: true,
    wants: ({ layer4 }) => (layer4?.flags === undefined ? [] : [wantFlags(layer4.flags)]),
    got: ({ tcpFlags }) => shown(tcpFlags, flagNames),
  },
} satisfies Record<string, Field>;

export type FieldPath = keyof typeof FIELDS;

/** The same table, where a caller walks all of it. */
export const FIELD_ENTRIES = Object.entries(FIELDS) as [FieldPath, Field][];

export function isConditional(rule: RuleConfig): boolean {
  return FIELD_ENTRIES.some(([, field]) => field.conditional && field.wants(rule).length > 0);
}

/** Which bits of the flag byte are compared, and with what. */
export function flagBits(flags: NonNullable<NonNullable<RuleConfig["layer4"]>["flags"]>): { mask: number; value: number } {
  const bits = (names: readonly TcpFlag[] = []): number => names.reduce((all, name) => all | TCP_FLAGS[name], 0);
  return { mask: bits(flags.set) | bits(flags.unset), value: bits(flags.set) };
}

function shown<T>(value: T | null | undefined, show: (value: T) => string): string {
  if (value === undefined) return UNKNOWN;
  return value === null ? NONE : show(value);
}

/** undefined stays undefined, and what the packet has not got matches nothing. */
function known<T>(value: T | null | undefined, holds: (value: T) => boolean): boolean | undefined {
  if (value === undefined) return undefined;
  return value !== null && holds(value);
}

const MAPPED_FIRST = 0xffff_0000_0000n;
const MAPPED_LAST = 0xffff_ffff_ffffn;

function wantAddress(text: string, read: (subject: Subject) => bigint): Want {
  const contains = addressesOf(text);
  return {
    operator: text.includes("/") ? "prefix" : text.includes("-") ? "range" : "address",
    text,
    holds: (subject) => contains(read(subject)),
  };
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
  const [low, high = low] = text.split("-").map(Number) as [number, number?];
  return {
    operator: text.includes("-") ? "range" : "port",
    text,
    holds: ({ ports }) => known(ports, (of) => of[end] >= low && of[end] <= high),
  };
}

function wantMessage(rule: RuleConfig, value: { type: string | number; code?: string | number }): Want {
  const table = icmpTable(rule.layer4?.protocol ?? "") ?? {};
  const type = icmpTypeNumber(table, value.type);
  const code = value.code === undefined ? undefined : icmpCodeNumber(table, value.type, value.code);
  return {
    operator: code === undefined ? "type" : "type_and_code",
    text: value.code === undefined ? String(value.type) : `${value.type} code ${value.code}`,
    holds: ({ icmp }) => known(icmp, (message) => message.type === type && (code === undefined || message.code === code)),
  };
}

function wantFlags(flags: NonNullable<NonNullable<RuleConfig["layer4"]>["flags"]>): Want {
  const { set = [], unset = [] } = flags;
  const { mask, value } = flagBits(flags);
  return {
    operator: unset.length === 0 ? "set" : set.length === 0 ? "unset" : "set_and_unset",
    text: [...set, ...unset.map((flag) => `not ${flag}`)].join(", "),
    holds: ({ tcpFlags }) => known(tcpFlags, (bits) => (bits & mask) === value),
  };
}

function messageName(protocol: number | undefined, type: number): string {
  return icmpTypeName(icmpTable(protocol ?? "") ?? {}, type);
}

function flagNames(bits: number): string {
  const names = Object.entries(TCP_FLAGS).filter(([, bit]) => bits & bit);
  return names.length === 0 ? NONE : names.map(([name]) => name).join(", ");
}
