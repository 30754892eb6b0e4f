/** Notices when rules of the file end. Their end is a time on the wall clock, which may be set; the rules must then be compiled again. */

import { uptime } from "node:os";

import { parseMoment } from "../values/time.ts";
import type { RuleConfig } from "./rule.ts";

/** If the wall clock and the boot clock drift apart by more than this, somebody set the wall clock. */
const CLOCK_WAS_SET_MS = 1000;

export class Endings {
  readonly #asOf: number;
  readonly #booted: number;
  /** The next end, in milliseconds since the epoch; Infinity if there is none. */
  readonly #next: number;
  readonly #anyEnd: boolean;

  /** `now` is in milliseconds since the epoch. */
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

  /** Returns whether the rules mean something else now than when they were compiled. */
  isStale(now = Date.now(), bootSeconds = uptime()): boolean {
    const wasSet = this.#anyEnd && Math.abs(now - bootSeconds * 1000 - this.#booted) > CLOCK_WAS_SET_MS;
    return wasSet || now >= this.#next;
  }

  /** Returns the names of the rules that ended since. */
  over(rules: readonly RuleConfig[], now = Date.now()): string[] {
    return rules
      .filter(({ expires }) => expires !== undefined && parseMoment(expires)! > this.#asOf && parseMoment(expires)! <= now)
      .map(({ name }) => name);
  }
}
