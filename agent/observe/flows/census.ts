/** Counts how many connections there are, and how many the tables had to evict: live = inserted - deleted - evicted. */

import type { FlowFigures } from "../events/snapshot.ts";

export interface KernelFlowCounts {
  inserted: number;
  deleted: number;
}

export class Census {
  readonly #read: () => KernelFlowCounts;
  readonly #count: () => number;
  /** The deletions by an earlier agent are unknown, so counting starts with the flows that live now. */
  readonly #offset: number;
  #collected = 0;
  #evicted = 0;

  /** `count` counts the live flows by walking over all of them. Make the census before the agent removes any. */
  constructor(read: () => KernelFlowCounts, count: () => number) {
    this.#read = read;
    this.#count = count;
    const live = count();
    const { inserted, deleted } = read();
    this.#offset = Math.max(0, inserted - deleted - live);
  }

  /** Notes that the agent has removed this many. */
  collected(removed: number): void {
    this.#collected += removed;
  }

  /**
   * The figures of now. A walk over all flows is not one moment, so a flow that came meanwhile may have been counted. Only flows
   * that were there before can count as evicted. If no flow comes or goes the figure is exact.
   */
  get figures(): FlowFigures {
    const before = this.#read();
    const active = this.#count();
    const { inserted, deleted } = this.#read();
    const gone = deleted + this.#collected;
    this.#evicted = Math.max(this.#evicted, before.inserted - gone - active - this.#offset);
    return { active, inserted, deleted: gone, evicted: this.#evicted };
  }
}
