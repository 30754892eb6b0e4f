/** Assigns slots to rules. A rule that a reload left unchanged keeps its slot, and with it its counters. */

import type { RuleConfig } from "./rule.ts";
import { Limit, Slot } from "../generated/layout.ts";
import { fingerprintOf } from "./fingerprint.ts";

/** Arrays of numbers, which one thread can send to another as they are. */
export interface Slots {
  /** The fingerprint of each rule, in the order of the rules. */
  fingerprints: Float64Array;
  /** The slots of the same rules. */
  slots: Uint32Array;
}

export interface Assigned extends Slots {
  /** The slots that now stand for another rule than before, or for a rule for the first time. Their counters start at zero. */
  fresh: Uint32Array;
  /** The slot at which the next search for a free one begins, so that a freed slot rests before it is used again. */
  next: number;
}

export interface SlotTable {
  /** The number of slots, the reserved ones included. */
  capacity: number;
  /** The slot at which to begin; absent the first time. */
  next?: number | undefined;
  /** The slots of rules that stay as they are. */
  taken?: Uint32Array;
}

export const MOST_RULES = Limit.RULES - Slot.FIRST_RULE;

const NO_SLOT = 0;

export function assignSlots(rules: readonly RuleConfig[], previous: Slots | undefined, table: SlotTable): Assigned {
  const fingerprints = Float64Array.from(rules, fingerprintOf);
  const slots = keptSlots(fingerprints, previous);
  const free = freeSlots(previous, slots, table);
  const fresh: number[] = [];
  for (let index = 0; index < slots.length; index++) {
    if (slots[index] !== NO_SLOT) continue;
    const { value: taken } = free.next();
    if (taken === undefined) throw new RangeError(`there are more than ${table.capacity - Slot.FIRST_RULE} rules`);
    fresh.push(taken);
    slots[index] = taken;
  }
  const last = fresh.at(-1);
  const next = last === undefined ? (table.next ?? Slot.FIRST_RULE) : after(last, table.capacity);
  return { fingerprints, slots, fresh: Uint32Array.from(fresh), next };
}

/** Joins the slots of two lists of rules. */
export function joinSlots(first: Slots, second: Slots): Slots {
  const count = first.slots.length + second.slots.length;
  const joined = { fingerprints: new Float64Array(count), slots: new Uint32Array(count) };
  for (const key of ["fingerprints", "slots"] as const) {
    joined[key].set(first[key]);
    joined[key].set(second[key], first[key].length);
  }
  return joined;
}

/** Splits the slots into those of the first `at` rules and those of the others. */
export function splitSlots({ fingerprints, slots }: Slots, at: number): [Slots, Slots] {
  return [
    { fingerprints: fingerprints.subarray(0, at), slots: slots.subarray(0, at) },
    { fingerprints: fingerprints.subarray(at), slots: slots.subarray(at) },
  ];
}

/** Returns the slots that the rules had before. If two rules look alike, only the first one gets the slot. */
function keptSlots(fingerprints: Float64Array, previous: Slots | undefined): Uint32Array {
  const slots = new Uint32Array(fingerprints.length);
  if (previous === undefined) return slots;
  const known = new Map<number, number>();
  for (let index = previous.fingerprints.length - 1; index >= 0; index--) known.set(previous.fingerprints[index]!, previous.slots[index]!);
  for (let index = 0; index < fingerprints.length; index++) {
    const fingerprint = fingerprints[index]!;
    slots[index] = known.get(fingerprint) ?? NO_SLOT;
    known.delete(fingerprint);
  }
  return slots;
}

/** Yields free slots in the order in which they should be taken: those that have been free longest first. */
function* freeSlots(
  previous: Slots | undefined,
  kept: Uint32Array,
  { capacity, next = Slot.FIRST_RULE, taken }: SlotTable,
): Generator<number, undefined> {
  const isUsed = new Uint8Array(capacity);
  for (const slots of [kept, taken ?? []]) for (const slot of slots) isUsed[slot] = 1;
  const isResting = new Uint8Array(capacity);
  for (const slot of previous?.slots ?? []) isResting[slot] = 1;
  for (const resting of [0, 1]) {
    for (let count = Slot.FIRST_RULE, slot = next; count < capacity; count++, slot = after(slot, capacity)) {
      if (isUsed[slot] === 0 && isResting[slot] === resting) yield slot;
    }
  }
}

function after(slot: number, capacity: number): number {
  return slot + 1 < capacity ? slot + 1 : Slot.FIRST_RULE;
}
