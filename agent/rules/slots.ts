/** Which slot a rule has. A rule that a reload left as it was keeps its slot, and with it its counters. */

import type { RuleConfig } from "../../config/types.ts";
import { Limit, Slot } from "../generated/layout.ts";

export interface Slots {
  /** By the text of what the rule means. */
  byRule: ReadonlyMap<string, number>;
  /** Where the search for a free one goes on, so that a freed slot rests before it is used again. */
  next: number;
}

export interface Assigned extends Slots {
  /** Of each rule, in order. */
  slots: number[];
  /** Slots that now stand for another rule than before, or for a first one: their counters start at zero. */
  fresh: number[];
}

export const MOST_RULES = Limit.RULES - Slot.FIRST_RULE;

/** `capacity`: slots there are, the reserved ones included. */
export function assignSlots(rules: readonly RuleConfig[], previous: Slots | undefined, capacity: number): Assigned {
  const meanings = rules.map(meaningOf);
  const kept = meanings.map((meaning) => previous?.byRule.get(meaning));
  const free = freeSlots(previous, new Set(kept), capacity);
  const fresh: number[] = [];
  const slots = kept.map((slot) => {
    if (slot !== undefined) return slot;
    const taken = free[fresh.length];
    if (taken === undefined) throw new RangeError(`there are more than ${capacity - Slot.FIRST_RULE} rules`);
    fresh.push(taken);
    return taken;
  });
  const last = fresh.at(-1);
  const next = last === undefined ? (previous?.next ?? Slot.FIRST_RULE) : after(last, capacity);
  return { slots, fresh, next, byRule: new Map(meanings.map((meaning, index) => [meaning, slots[index] as number])) };
}

/** In the order they should be taken: those that nothing has used lately first. */
function freeSlots(previous: Slots | undefined, kept: ReadonlySet<number | undefined>, capacity: number): number[] {
  const resting = new Set(previous?.byRule.values());
  const rested: number[] = [];
  const tired: number[] = [];
  for (let count = Slot.FIRST_RULE, slot = previous?.next ?? Slot.FIRST_RULE; count < capacity; count++, slot = after(slot, capacity)) {
    if (!kept.has(slot)) (resting.has(slot) ? tired : rested).push(slot);
  }
  return [...rested, ...tired];
}

function after(slot: number, capacity: number): number {
  return slot + 1 < capacity ? slot + 1 : Slot.FIRST_RULE;
}

/** Everything of the rule but its description. */
function meaningOf({ description: _, ...rule }: RuleConfig): string {
  return JSON.stringify(sorted(rule));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, sorted(part)]));
}
