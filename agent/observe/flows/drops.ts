/** Reads the packets that others than weir drop: see probes/drops.bpf.c. */

import { protocolName } from "../../values/names.ts";
import { monotonicEpoch, wallTime } from "../events/clock.ts";
import { readCounts } from "../events/counters.ts";
import type { Direction } from "../../values/traffic.ts";
import type { Dropped } from "../events/snapshot.ts";
import { DirectionNames, Drop, DropKey, Limit } from "../../generated/layout.ts";
import type { BpfMap } from "../../kernel/maps.ts";
import { readEnds } from "./collect.ts";
import { type Describer, describeEnds, type FlowDrops, ownerOf } from "./describe.ts";
import type { DropReasons } from "./drop-reasons.ts";
import { whoDrops } from "./droppers.ts";
import type { DropRow } from "./drop-row.ts";
import { type DropFacts, isOrdinary } from "./ordinary-drops.ts";

export interface DropTables {
  drops: BpfMap;
  /** All drops by reason, including those beyond the list: see LIMIT_DROPS_A_SECOND. */
  counts: BpfMap;
  reasons: DropReasons;
  /** Returns whether one of these connections is weir's own, such as the one to its collector. */
  isOwn(row: Pick<DropRow, "source" | "destination" | "process">): boolean;
}

/** Lists the latest first, at most `limit`. */
export function listDrops(table: DropTables, describer: Describer, wanted: (row: DropRow) => boolean, limit: number): DropRow[] {
  const epoch = monotonicEpoch();
  const rows: DropRow[] = [];
  for (const { key, value } of table.drops.entries()) {
    const row = describe(key, value, epoch, describer, table);
    if (wanted(row)) rows.push(row);
  }
  return rows.sort((a, b) => b.last.localeCompare(a.last)).slice(0, limit);
}

/** Counts drops since the programs were loaded. Reasons that dropped nothing are left out. */
export function countDrops({ counts, reasons }: DropTables): Dropped[] {
  return readCounts(counts).flatMap((packets, number) => {
    if (packets === 0) return [];
    const reason = number === Limit.DROP_REASONS - 1 ? "other" : reasons.name(number);
    return [{ by: whoDrops(reason), reason, packets }];
  });
}

/** The drops of each connection by its key, without ordinary drops. */
export class DropsOfFlows implements FlowDrops {
  readonly #byFlow = new Map<string, Dropped[]>();

  constructor(table: DropTables) {
    for (const { key, value } of table.drops.entries()) {
      const reason = table.reasons.name(key.readUInt32LE(DropKey.reason));
      const ends = readEnds(key, key.readUInt32LE(DropKey.from_low) === 1);
      if (isOrdinary(factsOf(value, reason, protocolName(ends.protocol)))) continue;
      const flow = nameOf(key);
      const known = this.#byFlow.get(flow) ?? [];
      this.#byFlow.set(flow, known);
      const packets = Number(value.readBigUInt64LE(Drop.packets));
      const same = known.find((one) => one.reason === reason); // this counts packets of the other end
      if (same === undefined) known.push({ by: whoDrops(reason), reason, packets });
      else same.packets += packets;
    }
  }

  of(flowKey: Buffer): Dropped[] | undefined {
    return this.#byFlow.get(nameOf(flowKey));
  }
}

const nameOf = (key: Buffer): string => key.toString("latin1", 0, DropKey.flow.size);

function factsOf(value: Buffer, reason: string, protocol: string): DropFacts {
  return {
    reason,
    protocol,
    direction: DirectionNames[value[Drop.direction]!] as Direction,
    icmpType: value[Drop.icmp_type]!,
    tcpFlags: value[Drop.tcp_flags]!,
    hasData: value[Drop.has_data] === 1,
  };
}

function describe(key: Buffer, value: Buffer, epoch: number, describer: Describer, { reasons, isOwn }: DropTables): DropRow {
  const reason = reasons.name(key.readUInt32LE(DropKey.reason));
  const time = (at: number): string => new Date(wallTime(epoch, value.readBigUInt64LE(at))).toISOString();
  const row: DropRow = {
    by: whoDrops(reason),
    reason,
    direction: DirectionNames[value[Drop.direction]!] as Direction,
    ...describeEnds(
      readEnds(key, key.readUInt32LE(DropKey.from_low) === 1),
      { type: value[Drop.icmp_type]!, code: value[Drop.icmp_code]! },
      describer,
    ),
    ...ownerOf(value.readBigUInt64LE(Drop.cookie), describer),
    packets: Number(value.readBigUInt64LE(Drop.packets)),
    first: time(Drop.first_ns),
    last: time(Drop.last_ns),
  };
  return isOrdinary(factsOf(value, reason, row.protocol)) || isOwn(row) ? { ...row, ordinary: true } : row;
}
