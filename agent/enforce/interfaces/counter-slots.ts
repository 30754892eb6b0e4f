/** Gives each watched interface a slot of the traffic counters. */

import { Limit } from "../../generated/layout.ts";

export class CounterSlots {
  readonly #used = new Set<number>();
  readonly #clear: (slot: number) => void;

  /** `clear` resets the counters of a slot, because another interface has it now. */
  constructor(clear: (slot: number) => void) {
    this.#clear = clear;
  }

  /** Takes the slot `before`, which the interface had under an earlier agent, or a free one. Slot 0 counts all interfaces for which none is free. */
  take(before = 0): number {
    if (before !== 0 && !this.#used.has(before)) {
      this.#used.add(before);
      return before;
    }
    for (let slot = 1; slot < Limit.INTERFACE_SLOTS; slot++) {
      if (this.#used.has(slot)) continue;
      this.#used.add(slot);
      this.#clear(slot);
      return slot;
    }
    return 0;
  }

  free(slot: number): void {
    this.#used.delete(slot);
  }
}
