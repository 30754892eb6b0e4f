/** Reads the kernel's counters as figures. Per-CPU values are summed; nothing is kept here. */

import {
  AnswerNames,
  DirectionNames,
  EventCounter,
  FaultNames,
  FlowCounter,
  Limit,
  ReasonNames,
  RuleCounterShard,
  RuleCounter,
  TcpStatistics,
  Traffic,
  TransportNames,
  VerdictNames,
} from "../../generated/layout.ts";
import { type BpfMap, u32 } from "../../kernel/maps.ts";
import type { Direction, Transport, Verdict } from "../../values/traffic.ts";
import type { Histogram } from "./histogram.ts";
import type { RuleCounts, TcpRow, TrafficRow } from "./snapshot.ts";

const ROUND = 8;
const US_A_SECOND = 1e6;
const TWO_TO_32 = 2 ** 32;

/** Yields the values that all CPUs have for one key, one after the other. */
function* perCpu(value: Buffer, size: number): Generator<number> {
  const stride = Math.ceil(size / ROUND) * ROUND;
  for (let at = 0; at + size <= value.length; at += stride) yield at;
}

function sum(value: Buffer, size: number, offset: number): number {
  let total = 0;
  for (const at of perCpu(value, size)) total += Number(value.readBigUInt64LE(at + offset));
  return total;
}

/** Reads packets and bytes of one interface slot. Rows that never counted anything are left out. */
export function readTraffic(map: BpfMap, slot: number, name: string): TrafficRow[] {
  const value = map.lookup(u32(slot));
  if (value === undefined) return [];
  const rows: TrafficRow[] = [];
  const [directions, transports, verdicts] = Traffic.by.dimensions;
  for (let index = 0; index < directions * transports * verdicts; index++) {
    const at = Traffic.by.at + index * Traffic.by.stride;
    const packets = sum(value, Traffic.size, at);
    if (packets === 0) continue;
    rows.push({
      interface: name,
      direction: DirectionNames[Math.floor(index / (transports * verdicts))] as Direction,
      transport: TransportNames[Math.floor(index / verdicts) % transports] as Transport,
      verdict: VerdictNames[index % verdicts] as Verdict,
      packets,
      bytes: sum(value, Traffic.size, at + 8),
    });
  }
  return rows;
}

/**
 * Reads an array with one u64 for each key. Most words are 0, and a host with many CPUs has a hundred thousand of them, so the
 * words are read in halves, which is fast.
 */
export function readCounts(map: BpfMap): number[] {
  return Array.from(map.entries(), ({ value }) => {
    let total = 0;
    for (let at = 0; at < value.length; at += 8) total += value.readUInt32LE(at) + value.readUInt32LE(at + 4) * TWO_TO_32;
    return total;
  });
}

/** Reads the same by name. Zero rows are left out. */
function readNamed(map: BpfMap, names: readonly string[]): Record<string, number> {
  const counts = readCounts(map);
  return Object.fromEntries(names.map((name, index) => [name, counts[index]!] as const).filter(([, count]) => count > 0));
}

export const readUndecided = (map: BpfMap): Record<string, number> => readNamed(map, ReasonNames);
export const readRejects = (map: BpfMap): Record<string, number> => readNamed(map, AnswerNames);
export const readFaults = (map: BpfMap): Record<string, number> => readNamed(map, FaultNames);

export interface KernelEventCounts {
  emitted: number;
  lost: number;
  suppressed: number;
}

export function readEventCounts(map: BpfMap): KernelEventCounts {
  const value = map.lookup(u32(0))!;
  const read = (offset: number): number => sum(value, EventCounter.size, offset);
  return { emitted: read(EventCounter.emitted), lost: read(EventCounter.lost), suppressed: read(EventCounter.suppressed) };
}

/** `table` is one of enum weir_flow_count. */
export function readFlowCounts(map: BpfMap, table: number): { inserted: number; deleted: number } {
  const value = map.lookup(u32(table))!;
  return { inserted: sum(value, FlowCounter.size, FlowCounter.inserted), deleted: sum(value, FlowCounter.size, FlowCounter.deleted) };
}

/** Reads TCP statistics by the opener's direction. Times are in seconds. */
export function readTcpStatistics(map: BpfMap): TcpRow[] {
  return DirectionNames.map((direction, key) => {
    const value = map.lookup(u32(key))!;
    const { round_trip, retransmissions, connecting, segments } = TcpStatistics;
    const read = (offset: number): number => sum(value, TcpStatistics.size, offset);
    const histogram = (of: typeof round_trip | typeof retransmissions | typeof connecting, unit: number): Histogram => ({
      counts: Array.from({ length: of.counts.count }, (_, bucket) => read(of.counts.at + bucket * of.counts.stride)),
      sum: read(of.sum) / unit,
    });
    return {
      direction: direction as Direction,
      round_trip: histogram(round_trip, US_A_SECOND),
      retransmissions: histogram(retransmissions, 1),
      connecting: histogram(connecting, US_A_SECOND),
      segments: read(segments),
    };
  });
}

export interface RuleFigures extends RuleCounts {
  lastHitJiffies: bigint;
}

/** Reads a rule's counters from the memory of the `rule_counters` array, which is shared with the kernel. */
export function readRule(memory: DataView, slot: number): RuleFigures {
  const figures: RuleFigures = { packets: 0, bytes: 0, flows: 0, would_drop: 0, dropped: 0, events_suppressed: 0, lastHitJiffies: 0n };
  for (let shard = 0; shard < Limit.COUNTER_SHARDS; shard++) {
    const at = slot * RuleCounter.size + RuleCounter.shards.at + shard * RuleCounter.shards.stride;
    const read = (offset: number): bigint => memory.getBigUint64(at + offset, true);
    figures.packets += Number(read(RuleCounterShard.packets));
    figures.bytes += Number(read(RuleCounterShard.bytes));
    figures.flows += Number(read(RuleCounterShard.flows));
    figures.would_drop += Number(read(RuleCounterShard.would_drop));
    figures.dropped += Number(read(RuleCounterShard.dropped));
    figures.events_suppressed += Number(read(RuleCounterShard.events_suppressed));
    const lastHit = read(RuleCounterShard.last_hit_jiffies);
    if (lastHit > figures.lastHitJiffies) figures.lastHitJiffies = lastHit;
  }
  return figures;
}

/** Adds the packets counted in the old memory after it was copied. Meanwhile packets are counted in the new memory, too. */
export function addRulesSince(copied: BigUint64Array, from: BigUint64Array, to: BigUint64Array): void {
  const words = RuleCounter.shards.stride / 8;
  for (let index = 0; index < copied.length; index++) {
    const word = index % words;
    if (from[index] === copied[index] || word === RuleCounterShard.limiter / 8) continue;
    if (word !== RuleCounterShard.last_hit_jiffies / 8) Atomics.add(to, index, from[index]! - copied[index]!);
    else if (to[index]! < from[index]!) to[index] = from[index]!;
  }
}

/** Resets slots that new rules take over. */
export function clearRules(memory: DataView, slots: Uint32Array): void {
  const bytes = new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength);
  for (const slot of slots) bytes.fill(0, slot * RuleCounter.size, (slot + 1) * RuleCounter.size);
}
