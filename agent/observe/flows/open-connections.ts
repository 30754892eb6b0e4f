/**
 * Corrects the kernel's counters of open connections, which rules with `connections_over` use. The kernel does not count
 * connections that are collected by the agent, or evicted from the table. A walk over the table is not one moment, so only a
 * difference that two consecutive walks find is corrected.
 */

import { Decision, Flow, FlowFlag, FlowKey, GENERATION_WRITING, Meter, MeterKey, Rule } from "../../generated/layout.ts";
import type { BpfMap } from "../../kernel/maps.ts";
import { u32 } from "../../kernel/maps.ts";
import type { FlowEntry } from "./collect.ts";

export interface ConnectionTables {
  counts: BpfMap;
  rules: BpfMap;
  /** The slot of the first rule. */
  firstRule: number;
}

interface Asks {
  identity: Buffer;
  by: number;
}

export class OpenConnections {
  readonly #tables: () => ConnectionTables;
  /** The difference that the last walk found, by key. */
  #drift = new Map<string, number>();

  constructor(tables: () => ConnectionTables) {
    this.#tables = tables;
  }

  /** Begins a walk. Call `stays` for each connection that stays in the table, and then `finish`. */
  walk(): { stays(entry: FlowEntry): void; finish(): void } {
    const { counts, rules, firstRule } = this.#tables();
    const counted = readAll(counts);
    const found = new Map<string, number>();
    const asked = new Map<number, Asks | undefined>();
    const rule = (slot: number): Asks | undefined => {
      if (!asked.has(slot)) asked.set(slot, readRule(rules.lookup(u32(firstRule + slot))));
      return asked.get(slot);
    };
    return {
      stays({ key, value }) {
        for (const slot of conditionsOf(value)) {
          const asks = rule(slot);
          if (asks === undefined) continue;
          const meter = meterKey(asks, key, value);
          found.set(meter, (found.get(meter) ?? 0) + 1);
        }
      },
      finish: () => this.#correct(counts, counted, found),
    };
  }

  #correct(counts: BpfMap, counted: ReadonlyMap<string, number>, found: ReadonlyMap<string, number>): void {
    const before = this.#drift;
    this.#drift = new Map();
    for (const key of new Set([...counted.keys(), ...found.keys()])) {
      const drift = (counted.get(key) ?? 0) - (found.get(key) ?? 0);
      const lasting = lastingOf(drift, before.get(key) ?? 0);
      if (drift !== lasting) this.#drift.set(key, drift - lasting);
      if (lasting !== 0) add(counts, Buffer.from(key, "hex"), -lasting);
    }
  }
}

/** Returns the difference that both numbers have in common. */
function lastingOf(one: number, other: number): number {
  if (one > 0 && other > 0) return Math.min(one, other);
  return one < 0 && other < 0 ? Math.max(one, other) : 0;
}

function readAll(counts: BpfMap): Map<string, number> {
  const all = new Map<string, number>();
  for (const { key, value } of counts.entries()) all.set(key.toString("hex"), Number(value.readBigInt64LE()));
  return all;
}

function add(counts: BpfMap, key: Buffer, change: number): void {
  const value = counts.lookup(key) ?? Buffer.alloc(8);
  value.writeBigInt64LE(value.readBigInt64LE() + BigInt(change));
  counts.update(key, value);
}

/** Returns the slots of the rules among its conditions. */
function conditionsOf(flow: Buffer): number[] {
  const { at, condition_count, conditions } = { at: Flow.decision.at, ...Decision };
  const count = flow[at + condition_count]!;
  if (count === 0 || flow.readUInt32LE(Flow.generation) === GENERATION_WRITING || flow.readUInt32LE(Flow.flags) & FlowFlag.CLOSED)
    return [];
  return Array.from({ length: count }, (_, index) => flow.readUInt32LE(at + conditions.at + index * conditions.stride));
}

function readRule(rule: Buffer | undefined): Asks | undefined {
  if (rule === undefined || rule.readUInt32LE(Rule.connections_over) === 0) return undefined;
  return { identity: rule.subarray(Rule.identity, Rule.identity + 8), by: rule[Rule.connections_by]! };
}

/** Returns the bytes of a struct meter_key as text. */
function meterKey({ identity, by }: Asks, key: Buffer, flow: Buffer): string {
  const whole = Buffer.alloc(MeterKey.size);
  identity.copy(whole, MeterKey.identity);
  if (by !== Meter.RULE) {
    const openerIsLow = (flow.readUInt32LE(Flow.flags) & FlowFlag.OPENER_IS_LOW) !== 0;
    const from = openerIsLow === (by === Meter.SOURCE) ? FlowKey.low_be.at : FlowKey.high_be.at;
    key.copy(whole, MeterKey.address_be.at, from, from + 16);
  }
  return whole.toString("hex");
}
