/** When rules of the file end. They say so by the wall clock, which may be set; the kernel then has to be told anew. */

import { uptime } from "node:os";

import { parseMoment } from "../values/time.ts";
import type { RuleConfig } from "./rule.ts";

/** The clock was set if it goes apart from that of the boot by more. */
const CLOCK_WAS_SET_MS = 1000;

export class Endings {
  readonly #asOf: number;
  readonly #booted: number;
  /** The first one to come, in milliseconds since the epoch; Infinity: none. */
  readonly #next: number;
  readonly #anyEnd: boolean;

  /** `now`: in milliseconds since the epoch. */
  constructor(rules: readonly RuleConfig[], now = Date.now(), bootSeconds = uptime()) {
    this.#asOf = now;
    this.#booted = now - bootSeconds * 1000;
    let next = Infinity;
    let anyEnd = false;
    for (const { expires } of rules) {
      if (expires === undefined) continue;
      anyEnd = true;
      const moment = parseMoment(expires)!;
      if (moment > now && moment < next) next = moment;
    }
    this.#next = next;
    this.#anyEnd = anyEnd;
  }

  /** Whether what was compiled then is not what the rules mean now. */
  isStale(now = Date.now(), bootSeconds = uptime()): boolean {
    const wasSet = this.#anyEnd && Math.abs(now - bootSeconds * 1000 - this.#booted) > CLOCK_WAS_SET_MS;
    return wasSet || now >= this.#next;
  }

  /** Names of the rules that ended since. */
  over(rules: readonly RuleConfig[], now = Date.now()): string[] {
    return rules
      .filter(({ expires }) => expires !== undefined && parseMoment(expires)! > this.#asOf && parseMoment(expires)! <= now)
      .map(({ name }) => name);
  }
}
