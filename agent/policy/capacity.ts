/**
 * How large the tables in the kernel are. They take memory whether they are filled or not, so that most hosts have
 * small ones; programs are loaded for one size.
 */

import { Limit, Slot } from "../generated/layout.ts";

export interface Capacity {
  /** Rule slots, the reserved ones included. */
  slots: number;
  /** 64-byte cells of one copy of the rules. */
  cells: number;
}

export const CAPACITIES: readonly Capacity[] = [
  { slots: 4096, cells: 32_768 },
  { slots: Limit.RULES, cells: 524_288 },
];

export const LARGEST: Capacity = CAPACITIES.at(-1)!;

/** The smallest that holds them; undefined if none does. `least`: what there is already. */
export function capacityFor(rules: number, cells: number, least: Capacity = CAPACITIES[0]!): Capacity | undefined {
  return CAPACITIES.find((capacity) => capacity.slots >= least.slots && fits(rules, cells, capacity));
}

export function fits(rules: number, cells: number, capacity: Capacity): boolean {
  return rules + Slot.FIRST_RULE <= capacity.slots && cells <= capacity.cells;
}
