/**
 * Ends connections that no packet ends: those that fell silent, and the rest of closed ones. The kernel itself reports the end of
 * a TCP connection; the others are found by walking over the table.
 */

import { setImmediate as breathe } from "node:timers/promises";

import { DirectionNames, Flow, FlowFlag, FlowKey, GENERATION_WRITING, Slot } from "../../generated/layout.ts";
import type { BpfMap } from "../../kernel/maps.ts";

/** A connection counts as ended after this many seconds of silence. */
const IDLE_SECONDS = {
  closed: 10,
  /** The end of a connection that a reset closed is reported then. */
  reset: 3,
  tcpDoubtful: 600,
  tcpOpening: 60,
  tcp: 3 * 3600,
  udpOneWay: 30,
  udp: 120,
  other: 30,
} as const;

/** This many entries are ended before other work gets its turn. */
const A_TURN = 256;

const TCP = 6;
const UDP = 17;
/** An end sent a reset, and the other end may have accepted it. */
const DOUBTFUL = FlowFlag.RESET_BY_OPENER | FlowFlag.RESET_BY_OTHER;

/** One entry of the table. The buffers are used again: copy what you keep. */
export interface FlowEntry {
  table: BpfMap;
  key: Buffer;
  value: Buffer;
  /** True if both ends have sent packets; for TCP, the opener must also have continued. */
  replied: boolean;
  /** True if the entry is in the table of blocked connections. */
  blocked: boolean;
}

export interface FlowTables {
  /** Connections whose opener continued after the other end answered: TCP, and all others but ICMP. */
  confirmed: readonly BpfMap[];
  /** Connections whose opener has not continued, and ICMP. */
  openings: readonly BpfMap[];
  /** Blocked connections, which go on in detect although they would be dropped. */
  blocked: BpfMap;
}

/** Returns all tables of a data plane that hold flows. */
export function flowTablesOf(map: (name: string) => BpfMap): FlowTables {
  return {
    confirmed: ["flows", "unproven_flows"].map(map),
    openings: ["openings_in", "openings_out", "pings_in", "pings_out"].map(map),
    blocked: map("blocked_flows"),
  };
}

/** Returns the name of the table that holds a connection with this key once its opener has confirmed it. */
export function confirmedTableOf(key: Buffer): "flows" | "unproven_flows" {
  return key.readUInt16LE(FlowKey.what.at) === TCP ? "flows" : "unproven_flows";
}

/** Yields all entries. A flow that moves from one table to another meanwhile may come twice, and is not missed. */
export function* flowEntries(tables: FlowTables): Generator<FlowEntry> {
  for (const table of [...tables.openings, ...tables.confirmed, tables.blocked]) {
    const [blocked, confirmed] = [table === tables.blocked, tables.confirmed.includes(table)];
    for (const { key, value } of table.entries())
      yield { table, key, value, replied: blocked ? has(value, FlowFlag.REPLIED) : hasReplied(key, value, confirmed), blocked };
  }
}

/** Returns how many flows there are that pass; the number may be too low. */
export function countFlows(tables: FlowTables): number {
  return [...tables.openings, ...tables.confirmed].reduce((sum, table) => sum + countOf(table), 0);
}

/** Returns the number of blocked connections. */
export function countBlocked({ blocked }: Pick<FlowTables, "blocked">): number {
  return countOf(blocked);
}

function countOf(table: BpfMap): number {
  let count = 0;
  for (const batch of table.batches()) count += batch.count;
  return count;
}

function has(value: Buffer, flag: number): boolean {
  return (value.readUInt32LE(Flow.flags) & flag) !== 0;
}

function hasReplied(key: Buffer, value: Buffer, isConfirmed: boolean): boolean {
  if (isConfirmed) return true;
  return key.readUInt16LE(FlowKey.what.at) !== TCP && value.readBigUInt64LE(Flow.packets.at + Flow.packets.stride) > 0n;
}

function idleLimitSeconds(entry: FlowEntry): number {
  const protocol = entry.key.readUInt16LE(FlowKey.what.at);
  const flags = entry.value.readUInt32LE(Flow.flags);
  if (flags & FlowFlag.CLOSED) return flags & FlowFlag.CLOSE_REPORTED ? IDLE_SECONDS.closed : IDLE_SECONDS.reset;
  if (protocol === UDP) return entry.replied ? IDLE_SECONDS.udp : IDLE_SECONDS.udpOneWay;
  if (protocol !== TCP) return IDLE_SECONDS.other;
  if (!entry.replied || flags & FlowFlag.WOULD_END) return IDLE_SECONDS.tcpOpening;
  return flags & DOUBTFUL || isHalfClosed(entry.value, flags) ? IDLE_SECONDS.tcpDoubtful : IDLE_SECONDS.tcp;
}

/** Returns whether one end has sent a FIN and the other has acknowledged it. */
function isHalfClosed(flow: Buffer, flags: number): boolean {
  const isFinished = (flag: number, end: number): boolean =>
    (flags & flag) !== 0 &&
    flow.readUInt32LE(Flow.finish.at + end * Flow.finish.stride) ===
      flow.readUInt32LE(Flow.acknowledged.at + (1 - end) * Flow.acknowledged.stride);
  return isFinished(FlowFlag.OPENER_FINISHED, 0) || isFinished(FlowFlag.OTHER_FINISHED, 1);
}

/**
 * Returns whether the kernel reported the end. It does not for a connection that a reset closed, because the reset may be forged:
 * that one ends by silence.
 */
export function isTold(flow: Buffer): boolean {
  return (flow.readUInt32LE(Flow.flags) & FlowFlag.CLOSE_REPORTED) !== 0;
}

export interface Collected {
  /** Called once for each connection that ended by silence. */
  ended(entry: FlowEntry): void;
  stays(entry: FlowEntry): void;
}

/** Removes connections that ended by silence. Returns how many entries were removed. */
export function collectIdle(
  tables: FlowTables,
  nowJiffies: bigint,
  jiffiesPerSecond: number,
  { ended, stays }: Collected,
): Record<"passing" | "blocked", number> {
  const removed = { passing: 0, blocked: 0 };
  const again = Buffer.alloc(Flow.size);
  for (const entry of flowEntries(tables)) {
    const limit = BigInt(idleLimitSeconds(entry) * jiffiesPerSecond);
    if (nowJiffies - entry.value.readBigUInt64LE(Flow.seen_jiffies) <= limit) {
      stays(entry);
      continue;
    }
    const { table } = entry;
    // A packet may have come since the batch was read.
    if (!table.lookupInto(entry.key, again) || nowJiffies - again.readBigUInt64LE(Flow.seen_jiffies) <= limit) continue;
    if (!table.delete(entry.key)) continue;
    removed[entry.blocked ? "blocked" : "passing"]++;
    if (!isTold(again)) ended({ ...entry, value: again });
  }
  return removed;
}

/**
 * Ends all blocked connections when the mode changes, because in the other mode they would be judged differently. Other work gets
 * its turn meanwhile.
 */
export async function endBlocked({ blocked }: Pick<FlowTables, "blocked">, ended: (entry: FlowEntry) => void): Promise<number> {
  let removed = 0;
  for (const { key, value } of blocked.entries()) {
    if (!blocked.delete(key)) continue;
    if (!isTold(value)) ended({ table: blocked, key, value, replied: has(value, FlowFlag.REPLIED), blocked: true });
    if (++removed % A_TURN === 0) await breathe();
  }
  return removed;
}

/** The ends in a struct flow_key, seen from one end. */
export interface FlowEnds {
  source: Buffer;
  destination: Buffer;
  sourcePort: number;
  destinationPort: number;
  protocol: number;
  ifindex: number;
}

export function readEnds(key: Buffer, fromLow: boolean): FlowEnds {
  const low = key.subarray(FlowKey.low_be.at, FlowKey.low_be.at + 16);
  const high = key.subarray(FlowKey.high_be.at, FlowKey.high_be.at + 16);
  const port = (end: number): number => key.readUInt16LE(FlowKey.ports.at + end * FlowKey.ports.stride);
  return {
    source: fromLow ? low : high,
    destination: fromLow ? high : low,
    sourcePort: port(fromLow ? 0 : 1),
    destinationPort: port(fromLow ? 1 : 0),
    protocol: key.readUInt16LE(FlowKey.what.at),
    ifindex: key.readUInt32LE(FlowKey.ifindex),
  };
}

/** Reads an entry, seen from the end that opened the connection. */
export function readFlow(entry: FlowEntry): FlowEnds & {
  direction: "ingress" | "egress";
  vlan: number[];
  tunnel: number;
  openedNs: bigint;
  openedJiffies: bigint;
  seenJiffies: bigint;
  packets: [number, number];
  bytes: [number, number];
  cookie: bigint;
  /** The socket that has replied but that no process had accepted by then. */
  awaiting: bigint;
  nat: Buffer;
  slot: number;
  staged: number;
  generation: number;
  icmpType: number;
  icmpCode: number;
  tcpFlags: [number, number];
  closed: boolean;
  wouldDrop: boolean;
} {
  const { key, value } = entry;
  const flags = value.readUInt32LE(Flow.flags);
  const generation = value.readUInt32LE(Flow.generation);
  const wouldDrop = has(value, FlowFlag.WOULD_DROP);
  // A connection that is older than its rule keeps its own decision, if that is not the rule that would drop it.
  const slot = value.readUInt32LE(wouldDrop && !entry.blocked ? Flow.reported : Flow.decision.slot);
  const pair = (field: { at: number; stride: number }): [number, number] => [
    Number(value.readBigUInt64LE(field.at)),
    Number(value.readBigUInt64LE(field.at + field.stride)),
  ];
  return {
    ...readEnds(key, (flags & FlowFlag.OPENER_IS_LOW) !== 0),
    direction: (DirectionNames[value[Flow.direction]!] ?? "ingress") as "ingress" | "egress",
    vlan: [key.readUInt16LE(FlowKey.vlan.at), key.readUInt16LE(FlowKey.vlan.at + FlowKey.vlan.stride)]
      .filter((tag) => tag !== 0)
      .map((tag) => tag & 0xfff),
    tunnel: key.readUInt32LE(FlowKey.tunnel),
    openedNs: value.readBigUInt64LE(Flow.opened_ns),
    openedJiffies: value.readBigUInt64LE(Flow.opened_jiffies),
    seenJiffies: value.readBigUInt64LE(Flow.seen_jiffies),
    packets: pair(Flow.packets),
    bytes: pair(Flow.bytes),
    cookie: flags & FlowFlag.RECEIVER_UNCERTAIN ? 0n : value.readBigUInt64LE(Flow.cookie),
    awaiting: flags & FlowFlag.RECEIVER_UNCERTAIN ? 0n : value.readBigUInt64LE(Flow.awaiting),
    nat: value.subarray(Flow.nat.at, Flow.nat.at + Flow.nat.size),
    slot: generation === GENERATION_WRITING ? Slot.NONE : slot,
    staged: wouldDrop ? Slot.NONE : value.readUInt32LE(Flow.decision.staged),
    wouldDrop,
    generation,
    icmpType: value[Flow.icmp_type]!,
    icmpCode: value[Flow.icmp_code]!,
    tcpFlags: [value[Flow.tcp_flags.at]!, value[Flow.tcp_flags.at + Flow.tcp_flags.stride]!],
    closed: (flags & FlowFlag.CLOSED) !== 0,
  };
}
