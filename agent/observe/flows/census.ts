/** How many connections there are, and how many the tables had to push out: live = inserted - deleted - evicted. */

import type { FlowFigures } from "../events/snapshot.ts";

export interface KernelFlowCounts {
  inserted: number;
  deleted: number;
}

export class Census {
  readonly #read: () => KernelFlowCounts;
  readonly #count: () => number;
  /** Of an earlier agent's flows the deletions by that agent are unknown: counting starts with what lives now. */
  readonly #offset: number;
  #collected = 0;
  #evicted = 0;

  /** `count`: how many flows live, by a look at all of them. To be made before the agent removes any. */
  constructor(read: () => KernelFlowCounts, count: () => number) {
    this.#read = read;
    this.#count = count;
    const live = count();
    const { inserted, deleted } = read();
    this.#offset = Math.max(0, inserted - deleted - live);
  }

  /** The agent has removed so many. */
  collected(removed: number): void {
    this.#collected += removed;
  }

  /**
   * As of now. A look at all flows is not one moment: what came meanwhile may have been seen, so that only what was there
   * before counts as pushed out. Where nothing comes and goes the figure is exact.
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
