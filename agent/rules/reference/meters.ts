/** What rules count, as buckets of tokens: each packet takes one, and time fills them again. */

import { type OverRate, parseOverRate } from "../../../config/rate.ts";
import type { RuleConfig } from "../../../config/types.ts";
import type { Counted } from "../subject.ts";
import type { Addresses } from "./packet.ts";

/** A packet as far as counting it goes. */
export interface Countable {
  /** Of the connection, as its opener sends. */
  opener: Addresses;
  byOpener: boolean;
  /** If it passes, it begins a connection. */
  opens: boolean;
  /** In milliseconds. */
  now: number;
}

interface Bucket {
  tokens: number;
  filled: number;
}

export class Meters {
  /** By rule and whoever is counted. A rule that says something else begins anew. */
  readonly #buckets = new Map<string, Bucket>();

  /** Asks the rule about a packet that it would match otherwise; one that is within the rate counts from then on. */
  ask(rule: RuleConfig, packet: Countable): Counted {
    const { over_rate } = rule.layer4 ?? {};
    return over_rate === undefined ? {} : { overRate: this.#isOver(rule, parseOverRate(over_rate), packet) };
  }

  #isOver(rule: RuleConfig, rate: OverRate, packet: Countable): boolean | null {
    if (rate.per === "connection" ? !packet.opens : !packet.byOpener) return null;
    const key = keyOf(rule, rate.by, packet);
    const { tokens, filled } = this.#buckets.get(key) ?? { tokens: rate.burst, filled: packet.now };
    const there = Math.min(rate.burst, tokens + ((packet.now - filled) / 1000) * (rate.count / rate.seconds));
    const isOver = there < 1;
    this.#buckets.set(key, { tokens: isOver ? there : there - 1, filled: packet.now });
    return isOver;
  }
}

/** Whether a rule counts connections, and not packets. */
export function countsConnections({ layer4 }: RuleConfig): boolean {
  const { over_rate } = layer4 ?? {};
  return typeof over_rate === "object" && over_rate.per === "connection";
}

function keyOf({ description: _, expires: __, ...rule }: RuleConfig, by: OverRate["by"], { opener }: Countable): string {
  return `${JSON.stringify(rule)} ${by === "rule" ? "" : opener[by]}`;
}
