/** What others than weir drop: see probes/drops.bpf.c. */

import { formatAddress } from "../../config/address.ts";
import { protocolName } from "../../config/names.ts";
import { monotonicEpoch, wallTime } from "../events/clock.ts";
import { readCounts } from "../events/counters.ts";
import type { Direction, Endpoint } from "../events/event.ts";
import type { Dropped } from "../events/snapshot.ts";
import { DirectionNames, Drop, DropKey, Limit } from "../generated/layout.ts";
import type { BpfMap } from "../kernel/maps.ts";
import { type Describer, ownerOf } from "./describe.ts";
import { type DropReasons, whoDrops } from "./drop-reasons.ts";
import type { DropRow } from "./drop-row.ts";

export interface DropTables {
  drops: BpfMap;
  /** By reason, what is in no list, too: see LIMIT_DROPS_A_SECOND. */
  counts: BpfMap;
  reasons: DropReasons;
}

const WITH_PORTS = new Set([6, 17]);
const ICMP = new Set([1, 58]);

/** The latest first, at most `limit`. */
export function listDrops(table: DropTables, describer: Describer, wanted: (row: DropRow) => boolean, limit: number): DropRow[] {
  const epoch = monotonicEpoch();
  const rows: DropRow[] = [];
  for (const { key, value } of entriesOf(table)) {
    const row = describe(key, value, epoch, describer, table.reasons);
    if (wanted(row)) rows.push(row);
  }
  return rows.sort((a, b) => b.last.localeCompare(a.last)).slice(0, limit);
}

/** Since the programs were loaded. Reasons that dropped nothing are left out. */
export function countDrops({ counts, reasons }: DropTables): Dropped[] {
  return readCounts(counts, Limit.DROP_REASONS).flatMap((packets, number) => {
    if (packets === 0) return [];
    const reason = number === Limit.DROP_REASONS - 1 ? "other" : reasons.name(number);
    return [{ by: whoDrops(reason), reason, packets }];
  });
}

/** By the key of the connection: what was dropped of it. */
export class DropsOfFlows {
  readonly #byFlow = new Map<string, Dropped[]>();

  constructor(table: DropTables) {
    for (const { key, value } of entriesOf(table)) {
      const flow = nameOf(key);
      const known = this.#byFlow.get(flow) ?? [];
      this.#byFlow.set(flow, known);
      const reason = table.reasons.name(key.readUInt32LE(DropKey.reason));
      const packets = Number(value.readBigUInt64LE(Drop.packets));
      const same = known.find((one) => one.reason === reason); // of packets of the other end
      if (same === undefined) known.push({ by: whoDrops(reason), reason, packets });
      else same.packets += packets;
    }
  }

  of(flowKey: Buffer): Dropped[] | undefined {
    return this.#byFlow.get(nameOf(flowKey));
  }
}

const nameOf = (key: Buffer): string => key.toString("latin1", 0, DropKey.flow.size);

function* entriesOf({ drops }: DropTables): Generator<{ key: Buffer; value: Buffer }> {
  for (const { keys, values, count } of drops.batches()) {
    for (let i = 0; i < count; i++) {
      yield { key: keys.subarray(i * DropKey.size, (i + 1) * DropKey.size), value: values.subarray(i * Drop.size, (i + 1) * Drop.size) };
    }
  }
}

function describe(key: Buffer, value: Buffer, epoch: number, describer: Describer, reasons: DropReasons): DropRow {
  const { flow } = DropKey;
  const protocol = key.readUInt16LE(flow.what.at);
  const fromLow = key.readUInt32LE(DropKey.from_low) === 1;
  const end = (low: boolean): Endpoint => {
    const at = low ? flow.low_be.at : flow.high_be.at;
    const port = key.readUInt16LE(flow.ports.at + (low ? 0 : flow.ports.stride));
    return { address: formatAddress(key.subarray(at, at + 16)), ...(WITH_PORTS.has(protocol) ? { port } : {}) };
  };
  const reason = reasons.name(key.readUInt32LE(DropKey.reason));
  const time = (at: number): string => new Date(wallTime(epoch, value.readBigUInt64LE(at))).toISOString();
  return {
    by: whoDrops(reason),
    reason,
    direction: DirectionNames[value[Drop.direction]!] as Direction,
    interface: describer.names.interface(key.readUInt32LE(flow.ifindex)),
    protocol: protocolName(protocol),
    source: end(fromLow),
    destination: end(!fromLow),
    ...(ICMP.has(protocol) ? { icmp: { type: value[Drop.icmp_type]!, code: value[Drop.icmp_code]! } } : {}),
    ...ownerOf(value.readBigUInt64LE(Drop.cookie), describer),
    packets: Number(value.readBigUInt64LE(Drop.packets)),
    first: time(Drop.first_ns),
    last: time(Drop.last_ns),
  };
}
