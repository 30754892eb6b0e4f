/** The input and the output of compiling. The stages of compiling share these types with the code that installs rules. */

import type { Network } from "../values/address.ts";
import type { Capacity } from "./capacity.ts";
import type { LineArrays } from "./classifier/line.ts";
import type { Group } from "./groups.ts";
import type { ProcessKind } from "./kinds.ts";
import type { Action, PolicyConfig, RuleConfig } from "./rule.ts";
import type { SetNumbers } from "./sets.ts";
import type { Slots } from "./slots.ts";

/** The whole part of a configuration that decides about packets. The mode is not part of it, because it is not compiled but read last. */
export type RulesSource = PolicyConfig & {
  /** Rules that stand before the others and change on their own. */
  front?: readonly RuleConfig[];
};

export interface CompiledPolicy {
  defaultAction: Action;
  onError: { ingress: Action; egress: Action };
  inspectTunnels: boolean;
  /** True if sockets must not begin to send past the egress rules. */
  refusesBypass: boolean;
  eventsPerSecond: number;
  managementPorts: number[];
  failsafe: Network[];
}

/** One of two parts: the front, or the rules behind it. */
export interface Part {
  /** The slots of its rules, in the order in which they are tried. */
  slots: Slots;
  /** The number of combinations of addresses, ports and messages that its rules list. */
  alternatives: number;
  /** The choices of interfaces that its rules were the first to make, by bit. */
  interfaceGroups: Group[];
  /** True if some rule asks for packets in the state `invalid`. */
  asksForInvalid: boolean;
  /** Match.SOURCE_SET and Match.DESTINATION_SET, each if some matcher compares it. */
  askedSets: number;
  /** The matchers of its conditional rules. */
  conditional: LineArrays;
  /** The number of cells that it takes in one copy. */
  cellCount: number;
  /** The content for the tables; absent once the tables hold it. */
  image?: PartImage;
}

export interface PartImage {
  cells: Uint32Array;
  /** A struct rule for each rule, in their order. */
  rules: Uint8Array;
}

/** The facts of the policy in force that the next compilation depends on. */
export interface Before {
  policy: CompiledPolicy;
  front: Part;
  file: Part;
  /** The capacity that this policy needs, or that the tables have already. */
  capacity: Capacity;
  /** The slot at which the search for a free one goes on. */
  nextSlot: number;
  setNumbers: SetNumbers;
  /** The kinds of processes by their numbers, and where the kernel keeps them; nowhere if no rule has a `process`. */
  kinds: readonly ProcessKind[];
  kindsPlace: number | undefined;
}

/** Compiled rules, in a form that one thread can send to another. */
export interface CompiledRules extends Before {
  /** The slots whose counters belonged to another rule, or to none. */
  freshSlots: Uint32Array;
  /** Sentences for the operator. If only the front changed, they are about its rules. */
  warnings: string[];
}
