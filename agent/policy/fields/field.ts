/** The parts that each field of a rule has. index.ts is the table of all fields; each has a file of its own in this folder. */

import type { Family } from "../../values/address.ts";
import type { Format, Schema } from "../../values/json-schema.ts";
import type { Direction } from "../../values/traffic.ts";
import type { BootClock } from "../boot-clock.ts";
import type { Lines } from "../classifier/line.ts";
import type { Ports, RuleConfig } from "../rule.ts";
import type { Range } from "../spans.ts";
import type { Subject } from "../subject.ts";

export interface Field extends Written, Meant, Compiled {}

/** How an operator writes the field, and how weir shows it. */
interface Written {
  /** The field's key in config/schema.json. */
  schema: Schema;
  /** The formats of text that the schema names. */
  formats?: Readonly<Record<string, Format>>;
  /** Names of protocols. The rule must have one of them. */
  needs?: readonly string[];
  /** Entries of the list may be sets of these. */
  sets?: "addresses" | "ports";
  /** Reports what the schema cannot check. If the value itself is wrong, that has been reported already. */
  check?(value: unknown, protocol: ProtocolAsked, complain: Complain): void;
  /** The only family of packets that the value fits. */
  familyOf?(value: unknown): Family | undefined;
  /** How `not` holds the field; absent if `not` cannot name it. `means` describes how the rule then compares. */
  not?: { schema: Schema; means: string };
  /** Flags of `weir rule add`, by name. */
  options: Readonly<Record<string, Option>>;
  /** The words of a rule's text. */
  text: { place: TextPlace; words(rule: Partial<RuleConfig>): string[] };
}

/** The meaning of the field for a packet. */
interface Meant {
  /** The directions in which the field can be known. */
  directions: readonly Direction[];
  /** How each form of a value is compared. */
  operators: Readonly<Record<string, string>>;
  /** When the field is asked: once for a connection, for each of its packets, for each packet with its counters, or by the clock. */
  judged: "once" | "each_packet" | "by_count" | "by_time";
  /** Returns the wanted values; an empty list if any value fits. */
  wants(rule: RuleConfig): Want[];
  /** Describes for a reader the packet's value for this field. */
  got(subject: Subject, rule: RuleConfig): string;
}

/**
 * How the field reaches the kernel. A field is either in matchers, which find a rule, or in the rule itself, which is checked
 * once it is found.
 */
interface Compiled {
  expansion?: Expansion<never>;
  /** Writes the wanted values of the rule. If there are none, the bytes stay 0. */
  write?(rule: RuleConfig, bytes: RuleBytes): void;
}

/** The protocol that a rule names, for fields that depend on it. */
export interface ProtocolAsked {
  /** undefined if the rule names no protocol, or a wrong one. */
  number: number | undefined;
  /** True if the rule names no protocol. */
  isAny: boolean;
}

export type Complain = (
  steps: readonly (string | number)[],
  message: string,
  details?: { value?: unknown; suggestion?: string | undefined },
) => void;

export interface Option {
  /** The name of the flag's value, such as LIST. */
  value: string;
  about: string;
  /** The key below the field's own; absent if the flag sets the field itself. */
  key?: string;
  /** Turns the text of the flag into the value that the file would hold. */
  read(text: string): unknown;
}

/**
 * The places of words in a rule's text: `block: tcp syn from 10.0.0.0/8 port 1-9 to any port 80 of user root, ingress on eth0,
 * until ...`.
 */
export type TextPlace =
  | "protocol"
  | "packet"
  | "from"
  | "from_ports"
  | "to"
  | "to_ports"
  | "process"
  | "direction"
  | "interface"
  | "not"
  | "time";

/** One value of a rule's list. The values of a field are alternatives; the fields of a rule must all hold. */
export interface Want {
  operator: string;
  /** The text as the operator wrote it. */
  text: string;
  /** Returns undefined if the packet does not tell. */
  holds(subject: Subject): boolean | undefined;
}

/** Resolves the names in a rule's lists that stand for something outside of the rule: interfaces and sets. */
export interface NameResolver {
  /** Returns the bit of the interfaces that fit one of the first patterns (any interface if there are none) and none of the others. */
  groupOf(interfaces: readonly string[], except: readonly string[]): bigint;
  /** Returns the bits of the sets that a list of addresses names. */
  setsOf(addresses: readonly string[]): bigint;
  /** Returns the list in which sets are replaced by their ports. */
  portsOf(ports: readonly Ports[]): readonly Ports[];
}

/** The alternatives of a field. Each matcher of a rule gets one of them. */
export interface Expansion<T> {
  /**
   * Returns the alternatives: only ANY if the field has no value, and an empty list if it can match nothing. `left` is the field
   * of the rule's `not` that this part leaves out.
   */
  alternatives(rule: RuleConfig, resolver: NameResolver, left: string | undefined): readonly (T | undefined)[];
  write(lines: Lines, line: number, alternative: T): void;
  /** The name of its alternatives; absent if it is the field's name. */
  label?: string;
}

export const ANY = [undefined];
export const ALL_16_BITS: readonly Range[] = [{ first: 0, last: 0xffff }];

export function expansion<T>(of: Expansion<T>): Expansion<never> {
  return of as unknown as Expansion<never>;
}

/** A `struct rule` that is being written, by the offsets of its layout. */
export interface RuleBytes {
  readonly clock: BootClock;
  /** The fingerprint of the rule. Its counters belong to this number. */
  readonly fingerprint: number;
  /** Returns the number of the kind of processes that a rule names. */
  kindOf(process: NonNullable<RuleConfig["process"]>): number;
  setUint8(at: number, value: number): void;
  setUint16(at: number, value: number): void;
  setUint32(at: number, value: number): void;
  setUint64(at: number, value: bigint): void;
}

export const BOTH_WAYS: readonly Direction[] = ["ingress", "egress"];
export const UNKNOWN = "unknown";
export const NONE = "none";

export function shown<T>(value: T | null | undefined, show: (value: T) => string): string {
  if (value === undefined) return UNKNOWN;
  return value === null ? NONE : show(value);
}

/** Returns undefined for undefined, and false for null, which means that the packet has no such value. */
export function known<T>(value: T | null | undefined, holds: (value: T) => boolean): boolean | undefined {
  if (value === undefined) return undefined;
  return value !== null && holds(value);
}

/** Returns `before` and the values, or nothing if there are no values. */
export function worded(before: string, values: readonly (string | number)[] = []): string[] {
  return values.length === 0 ? [] : [before + values.join(" ")];
}

type Mapping = Record<string, unknown>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the value if it is a mapping, else a mapping without keys. */
export function mappingOf(value: unknown): Mapping {
  return isMapping(value) ? value : {};
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
