/** What compiling takes, and what it makes: the shapes that stages of compiling and those who install share. */

import type { Network } from "../values/address.ts";
import type { Capacity } from "./capacity.ts";
import type { LineArrays } from "./classifier/line.ts";
import type { Group } from "./groups.ts";
import type { Kind } from "./kinds.ts";
import type { Action, PolicyConfig, RuleConfig } from "./rule.ts";
import type { SetNumbers } from "./sets.ts";
import type { Slots } from "./slots.ts";

/** What decides about packets, of the whole configuration; the mode is not compiled, but read last. */
export type RulesSource = PolicyConfig & {
  /** Rules that stand before the others, and are changed by themselves. */
  front?: readonly RuleConfig[];
};

export interface CompiledPolicy {
  defaultAction: Action;
  onError: { ingress: Action; egress: Action };
  inspectTunnels: boolean;
  /** Sockets may not begin to send past the egress rules. */
  refusesBypass: boolean;
  eventsPerSecond: number;
  managementPorts: number[];
  failsafe: Network[];
}

/** The front, or the rules behind it. */
export interface Part {
  /** Of its rules, in the order they are tried. */
  slots: Slots;
  /** Combinations of addresses, ports and messages that its rules list. */
  alternatives: number;
  /** What its rules were the first to say of interfaces, by its bit. */
  interfaceGroups: Group[];
  /** Some rule asks for packets of the state `invalid`. */
  asksForInvalid: boolean;
  /** Match.SOURCE_SET and DESTINATION_SET: some matcher compares them. */
  askedSets: number;
  /** Matchers of its conditional rules. */
  conditional: LineArrays;
  /** Cells that it takes of one copy. */
  cellCount: number;
  /** What the tables are to hold; absent once they do. */
  image?: PartImage;
}

export interface PartImage {
  cells: Uint32Array;
  /** struct rule of each rule, in their order. */
  rules: Uint8Array;
}

/** What is in force, as far as what comes next depends on it. */
export interface Before {
  policy: CompiledPolicy;
  front: Part;
  file: Part;
  /** The tables that this needs, or that were there before. */
  capacity: Capacity;
  /** Where the search for a free slot goes on. */
  nextSlot: number;
  setNumbers: SetNumbers;
  /** What the numbers of kinds of processes stand for, and where the kernel has it; nowhere, if rules tell none apart. */
  kinds: readonly Kind[];
  kindsPlace: number | undefined;
}

/** What compiling makes of rules, in a form that a thread can hand to another. */
export interface CompiledRules extends Before {
  /** Slots whose counters belonged to another rule, or to none. */
  freshSlots: Uint32Array;
  /** For the operator, each a sentence. Where only the front changed, about its rules. */
  warnings: string[];
}
