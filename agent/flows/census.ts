/** How many connections there are, and how many the tables had to push out: live = inserted - deleted - evicted. */

export interface KernelFlowCounts {
  inserted: number;
  deleted: number;
}

export interface FlowFigures {
  active: number;
  inserted: number;
  deleted: number;
  evicted: number;
}

export class Census {
  readonly #read: () => KernelFlowCounts;
  /** Of an earlier agent's flows the deletions by that agent are unknown: counting starts with what lives now. */
  #offset: number | undefined;
  #collected = 0;
  #figures: FlowFigures = { active: 0, inserted: 0, deleted: 0, evicted: 0 };

  constructor(read: () => KernelFlowCounts) {
    this.#read = read;
  }

  /** Takes stock after a walk over the tables that removed some entries and found the others alive. */
  take(removed: number, active: number): void {
    const { inserted, deleted } = this.#read();
    this.#collected += removed;
    const gone = deleted + this.#collected;
    this.#offset ??= inserted - gone - active;
    // The walk is not one moment: a flow inserted behind its back must not count as an eviction below zero.
    const evicted = Math.max(this.#figures.evicted, inserted - gone - active - this.#offset);
    this.#figures = { active, inserted, deleted: gone, evicted };
  }

  get figures(): FlowFigures {
    return this.#figures;
  }
}
