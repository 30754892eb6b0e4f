/** Which slot a rule has. A rule that a reload left as it was keeps its slot, and with it its counters. */

import type { RuleConfig } from "./rule.ts";
import { Limit, Slot } from "../generated/layout.ts";
import { meaningOf } from "./meaning.ts";

/** Arrays of numbers, which a thread can hand to another as they are. */
export interface Slots {
  /** What each rule means, as a number; in order. */
  meanings: Float64Array;
  /** Of the same rules. */
  slots: Uint32Array;
}

export interface Assigned extends Slots {
  /** Slots that now stand for another rule than before, or for a first one: their counters start at zero. */
  fresh: Uint32Array;
  /** Where the next search for a free one begins, so that a freed slot rests before it is used again. */
  next: number;
}

export interface SlotTable {
  /** Slots there are, the reserved ones included. */
  capacity: number;
  /** Where to begin; absent the first time. */
  next?: number | undefined;
  /** By rules that stay as they are. */
  taken?: Uint32Array;
}

export const MOST_RULES = Limit.RULES - Slot.FIRST_RULE;

const NO_SLOT = 0;

export function assignSlots(rules: readonly RuleConfig[], previous: Slots | undefined, table: SlotTable): Assigned {
  const meanings = Float64Array.from(rules, meaningOf);
  const slots = keptSlots(meanings, previous);
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
  return { meanings, slots, fresh: Uint32Array.from(fresh), next };
}

/** Of two lists of rules as of one. */
export function joinSlots(first: Slots, second: Slots): Slots {
  const count = first.slots.length + second.slots.length;
  const joined = { meanings: new Float64Array(count), slots: new Uint32Array(count) };
  for (const key of ["meanings", "slots"] as const) {
    joined[key].set(first[key]);
    joined[key].set(second[key], first[key].length);
  }
  return joined;
}

/** The first so many rules, and the others. */
export function splitSlots({ meanings, slots }: Slots, at: number): [Slots, Slots] {
  return [
    { meanings: meanings.subarray(0, at), slots: slots.subarray(0, at) },
    { meanings: meanings.subarray(at), slots: slots.subarray(at) },
  ];
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
