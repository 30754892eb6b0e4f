/** What rules count, as buckets of tokens: each packet takes one, and time fills them again. */

import { connectionsOver } from "../fields/connections-over.ts";
import { type OverRate, parseOverRate } from "../fields/over-rate.ts";
import type { RuleConfig } from "../rule.ts";
import type { Counted } from "../subject.ts";
import type { Addresses } from "./packet.ts";

/** A packet as far as counting it goes. */
export interface Countable {
  /** Of the connection, as its opener sends. */
  opener: Addresses;
  byOpener: boolean;
  /** If it passes, it begins a connection. */
  opens: boolean;
  /** The packet is only asked about, and counts nowhere. */
  isSupposed: boolean;
  /** How many connections count for this key. */
  openFor(key: string): number;
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
    const { over_rate, connections_over } = rule.layer4 ?? {};
    if (countsConnections(rule) && !packet.opens) return { overRate: null, connections: null };
    const connections = connections_over === undefined ? {} : { connections: packet.openFor(connectionsKey(rule, packet.opener)!) };
    // What the number of connections rules out already does not count for the rate.
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

/** Whether a rule counts connections, and not packets. */
export function countsConnections({ layer4 }: RuleConfig): boolean {
  const { over_rate, connections_over } = layer4 ?? {};
  return connections_over !== undefined || (typeof over_rate === "object" && over_rate.per === "connection");
}

/** What a connection of this opener counts for, where the rule asks how many are open. */
export function connectionsKey(rule: RuleConfig, opener: Addresses): string | undefined {
  const { connections_over } = rule.layer4 ?? {};
  return connections_over === undefined ? undefined : keyOf(rule, connectionsOver(connections_over).by, { opener });
}

function keyOf(rule: RuleConfig, by: OverRate["by"], { opener }: Pick<Countable, "opener">): string {
  return `${identityOf(rule)} ${by === "rule" ? "" : opener[by]}`;
}

/** Rules that differ in it are not the same, whatever their names. */
export function identityOf({ description: _, expires: __, ...rule }: RuleConfig): string {
  return JSON.stringify(rule);
}
