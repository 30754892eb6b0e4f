/**
 * The sizes of the tables in the kernel. A table takes memory whether it is filled or not, so most hosts have small ones. The
 * programs are loaded for one size.
 */

import { Limit, Slot } from "../generated/layout.ts";

export interface Capacity {
  /** The number of rule slots, the reserved ones included. */
  slots: number;
  /** The number of 64-byte cells in one copy of the rules. */
  cells: number;
}

export const CAPACITIES: readonly Capacity[] = [
  { slots: 4096, cells: 32_768 },
  { slots: Limit.RULES, cells: 524_288 },
];

export const LARGEST: Capacity = CAPACITIES.at(-1)!;

/**
 * Returns the smallest capacity that has room for the rules and cells, and is not below `least`, the capacity in use; undefined
 * if there is none.
 */
export function capacityFor(rules: number, cells: number, least: Capacity = CAPACITIES[0]!): Capacity | undefined {
  return CAPACITIES.find((capacity) => capacity.slots >= least.slots && hasRoomFor(rules, cells, capacity));
}

export function hasRoomFor(rules: number, cells: number, capacity: Capacity): boolean {
  return rules + Slot.FIRST_RULE <= capacity.slots && cells <= capacity.cells;
}
