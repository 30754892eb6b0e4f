/** Which slot a rule has. A rule that a reload left as it was keeps its slot, and with it its counters. */

import type { RuleConfig } from "../../config/types.ts";
import { Limit, Slot } from "../generated/layout.ts";
import { meaningOf } from "./meaning.ts";

/** Arrays of numbers, which a thread can hand to another as they are. */
export interface Slots {
  /** What each rule means, as a number; in order. */
  meanings: Float64Array;
  /** Of the same rules. */
  slots: Uint32Array;
  /** Where the search for a free one goes on, so that a freed slot rests before it is used again. */
  next: number;
}

export interface Assigned extends Slots {
  /** Slots that now stand for another rule than before, or for a first one: their counters start at zero. */
  fresh: Uint32Array;
}

export const MOST_RULES = Limit.RULES - Slot.FIRST_RULE;

const NO_SLOT = 0;

/** `capacity`: slots there are, the reserved ones included. */
export function assignSlots(rules: readonly RuleConfig[], previous: Slots | undefined, capacity: number): Assigned {
  const meanings = Float64Array.from(rules, meaningOf);
  const slots = keptSlots(meanings, previous);
  const free = freeSlots(previous, slots, capacity);
  const fresh: number[] = [];
  for (let index = 0; index < slots.length; index++) {
    if (slots[index] !== NO_SLOT) continue;
    const taken = free[fresh.length];
    if (taken === undefined) throw new RangeError(`there are more than ${capacity - Slot.FIRST_RULE} rules`);
    fresh.push(taken);
    slots[index] = taken;
  }
  const last = fresh.at(-1);
  const next = last === undefined ? (previous?.next ?? Slot.FIRST_RULE) : after(last, capacity);
  return { meanings, slots, fresh: Uint32Array.from(fresh), next };
}

/** The slots that rules had before; of two rules that look alike only the first gets it. */
function keptSlots(meanings: Float64Array, previous: Slots | undefined): Uint32Array {
  const slots = new Uint32Array(meanings.length);
  if (previous === undefined) return slots;
  const known = new Map<number, number>();
  for (let index = previous.meanings.length - 1; index >= 0; index--) known.set(previous.meanings[index]!, previous.slots[index]!);
  for (let index = 0; index < meanings.length; index++) {
    const meaning = meanings[index]!;
    slots[index] = known.get(meaning) ?? NO_SLOT;
    known.delete(meaning);
  }
  return slots;
}

/** In the order they should be taken: those that nothing has used lately first. */
function freeSlots(previous: Slots | undefined, kept: Uint32Array, capacity: number): number[] {
  const isKept = new Uint8Array(capacity);
  for (const slot of kept) isKept[slot] = 1;
  const isResting = new Uint8Array(capacity);
  for (const slot of previous?.slots ?? []) isResting[slot] = 1;
  const rested: number[] = [];
  const tired: number[] = [];
  for (let count = Slot.FIRST_RULE, slot = previous?.next ?? Slot.FIRST_RULE; count < capacity; count++, slot = after(slot, capacity)) {
    if (!isKept[slot]) (isResting[slot] ? tired : rested).push(slot);
  }
  return rested.concat(tired);
}

function after(slot: number, capacity: number): number {
  return slot + 1 < capacity ? slot + 1 : Slot.FIRST_RULE;
}
