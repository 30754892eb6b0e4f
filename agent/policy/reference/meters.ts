/** The counters of rules, as token buckets: each packet takes a token, and time adds tokens. */

import { connectionsOver } from "../fields/connections-over.ts";
import { type OverRate, parseOverRate } from "../fields/over-rate.ts";
import type { RuleConfig } from "../rule.ts";
import type { Counted } from "../subject.ts";
import type { Addresses } from "./packet.ts";

/** The facts about a packet that counting needs. */
export interface Countable {
  /** The addresses of the connection in the order of its opener's packets. */
  opener: Addresses;
  byOpener: boolean;
  /** True if the packet opens a connection when it passes. */
  opens: boolean;
  /** True if the packet is only supposed and must not be counted. */
  isSupposed: boolean;
  /** Returns how many connections count under this key. */
  openFor(key: string): number;
  /** The time in milliseconds. */
  now: number;
}

interface Bucket {
  tokens: number;
  filled: number;
}

export class Meters {
  /** The buckets by rule and by the address that is counted. A rule with a changed meaning gets a new bucket. */
  readonly #buckets = new Map<string, Bucket>();

  /** Asks the rule about a packet that matches in all other fields. A packet within the rate is counted. */
  ask(rule: RuleConfig, packet: Countable): Counted {
    const { over_rate, connections_over } = rule.layer4 ?? {};
    if (countsConnections(rule) && !packet.opens) return { overRate: null, connections: null };
    const connections = connections_over === undefined ? {} : { connections: packet.openFor(connectionsKey(rule, packet.opener)!) };
    // A packet that the number of connections already excludes does not count for the rate.
    if (over_rate === undefined || (connections_over !== undefined && connections.connections! < connectionsOver(connections_over).count))
      return connections;
    return { ...connections, overRate: this.#isOver(rule, parseOverRate(over_rate), packet) };
  }

  #isOver(rule: RuleConfig, rate: OverRate, packet: Countable): boolean | null {
    if (!countsConnections(rule) && !packet.byOpener) return null;
    const key = keyOf(rule, rate.by, packet);
    const { tokens, filled } = this.#buckets.get(key) ?? { tokens: rate.burst, filled: packet.now };
    const there = Math.min(rate.burst, tokens + ((packet.now - filled) / 1000) * (rate.count / rate.seconds));
    const isOver = there < 1;
    if (!packet.isSupposed) this.#buckets.set(key, { tokens: isOver ? there : there - 1, filled: packet.now });
    return isOver;
  }
}

/** Returns whether a rule counts connections, and not packets. */
export function countsConnections({ layer4 }: RuleConfig): boolean {
  const { over_rate, connections_over } = layer4 ?? {};
  return connections_over !== undefined || (typeof over_rate === "object" && over_rate.per === "connection");
}

/** Returns the key under which a rule with `connections_over` counts a connection of this opener. */
export function connectionsKey(rule: RuleConfig, opener: Addresses): string | undefined {
  const { connections_over } = rule.layer4 ?? {};
  return connections_over === undefined ? undefined : keyOf(rule, connectionsOver(connections_over).by, { opener });
}

function keyOf(rule: RuleConfig, by: OverRate["by"], { opener }: Pick<Countable, "opener">): string {
  return `${identityOf(rule)} ${by === "rule" ? "" : opener[by]}`;
}

/** Returns the identity of a rule. Rules with different identities differ in meaning, whatever their names are. */
export function identityOf({ description: _, expires: __, ...rule }: RuleConfig): string {
  return JSON.stringify(rule);
}
