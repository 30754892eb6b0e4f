/** The kernel's jiffies, which date the flows. */

import { type BpfMap, u32 } from "./maps.ts";
import type { BpfProgram } from "./program.ts";

export class Jiffies {
  readonly perSecond: number;
  readonly #program: BpfProgram;
  readonly #clocks: BpfMap;

  /** `program` is weir_clocks, which writes the time into the table `clocks`. */
  constructor(program: BpfProgram, clocks: BpfMap) {
    this.#program = program;
    this.#clocks = clocks;
    this.perSecond = this.#measure();
  }

  now(): bigint {
    return this.read().jiffies;
  }

  read(): { jiffies: bigint; monotonicNs: bigint } {
    this.#program.run();
    return { jiffies: this.#clocks.lookup(u32(0))!.readBigUInt64LE(), monotonicNs: this.#clocks.lookup(u32(1))!.readBigUInt64LE() };
  }

  /** jiffies start at 2^32 - 300 seconds (INITIAL_JIFFIES), so one reading gives their rate. */
  #measure(): number {
    const { jiffies, monotonicNs } = this.read();
    const seconds = Number(monotonicNs) / 1e9;
    const distance = (rate: number): number => Math.abs(Number(jiffies - 2n ** 32n) - (seconds - 300) * rate);
    const rates = [100, 250, 300, 1000];
    return rates.reduce((best, rate) => (distance(rate) < distance(best) ? rate : best));
  }
}
