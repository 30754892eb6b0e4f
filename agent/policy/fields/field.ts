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
  /** Formats of text that the schema names. */
  formats?: Readonly<Record<string, Format>>;
  /** Names of protocols; the rule must have one of them. */
  needs?: readonly string[];
  /** Entries of the list may be sets of these. */
  sets?: "addresses" | "ports";
  /** Complains of what the schema cannot say. The value may be wrong in itself: that has been said already. */
  check?(value: unknown, protocol: ProtocolAsked, complain: Complain): void;
  /** The only family of packets that the value fits. */
  familyOf?(value: unknown): Family | undefined;
  /** How `not` holds the field; absent where `not` cannot name it. `means`: how the rule then compares. */
  not?: { schema: Schema; means: string };
  /** Flags of `weir rule add`, by name. */
  options: Readonly<Record<string, Option>>;
  /** The words of a rule's text. */
  text: { place: TextPlace; words(rule: Partial<RuleConfig>): string[] };
}

/** What the field means for a packet. */
interface Meant {
  /** Directions of the opener the field can be asked of. */
  directions: readonly Direction[];
  /** How each form of a value is compared. */
  operators: Readonly<Record<string, string>>;
  /** Once for a connection, for each of its packets, for each with what was counted so far, or by the clock. */
  judged: "once" | "each_packet" | "by_count" | "by_time";
  /** Empty: any. */
  wants(rule: RuleConfig): Want[];
  /** What the packet has of what the rule asks for, for a reader. */
  got(subject: Subject, rule: RuleConfig): string;
}

/** How the field reaches the kernel: in matchers, by which a rule is found, or in the rule itself, which is asked once it is found. */
interface Compiled {
  expansion?: Expansion<never>;
  /** Writes what the rule asks for; where it asks for nothing, the bytes stay 0. */
  write?(rule: RuleConfig, bytes: RuleBytes): void;
}

/** The protocol that a rule names, for fields that depend on it. */
export interface ProtocolAsked {
  /** undefined where the rule names none, or one that is wrong. */
  number: number | undefined;
  /** The rule names none. */
  isAny: boolean;
}

export type Complain = (
  steps: readonly (string | number)[],
  message: string,
  details?: { value?: unknown; suggestion?: string | undefined },
) => void;

export interface Option {
  /** The name of its value, as LIST. */
  value: string;
  about: string;
  /** The key below the field's own; absent: the field itself. */
  key?: string;
  /** From what was written to what the file would hold. */
  read(text: string): unknown;
}

/** Where words stand in `block: tcp syn from 10.0.0.0/8 port 1-9 to any port 80 of user root, ingress on eth0, until ...`. */
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
  /** As the operator wrote it. */
  text: string;
  /** undefined: the packet does not say. */
  holds(subject: Subject): boolean | undefined;
}

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
export interface Expansion<T> {
  /**
   * One entry each; ANY where the field says nothing, and none at all if it can match nothing. `left`: the field of
   * the rule's `not` that this part leaves out.
   */
  alternatives(rule: RuleConfig, meanings: Meanings, left: string | undefined): readonly (T | undefined)[];
  write(lines: Lines, line: number, alternative: T): void;
  /** What its alternatives are called; absent: the field. */
  label?: string;
}

export const ANY = [undefined];
export const ALL_16_BITS: readonly Range[] = [{ first: 0, last: 0xffff }];

export function expansion<T>(of: Expansion<T>): Expansion<never> {
  return of as unknown as Expansion<never>;
}

/** A `struct rule` that is written, by the offsets of its layout. */
export interface RuleBytes {
  readonly clock: BootClock;
  /** What the rule says, as a number: what it counts belongs to it. */
  readonly meaning: number;
  /** The number of the kind of processes that a rule names. */
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

/** undefined stays undefined, and what the packet has not got matches nothing. */
export function known<T>(value: T | null | undefined, holds: (value: T) => boolean): boolean | undefined {
  if (value === undefined) return undefined;
  return value !== null && holds(value);
}

/** `before` and the values, or nothing where there are none. */
export function worded(before: string, values: readonly (string | number)[] = []): string[] {
  return values.length === 0 ? [] : [before + values.join(" ")];
}

type Mapping = Record<string, unknown>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A mapping that is none has no keys. */
export function mappingOf(value: unknown): Mapping {
  return isMapping(value) ? value : {};
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
