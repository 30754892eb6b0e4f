/** Finds the largest consumers: the traffic of connections between two readings of the flow table, summed in the groups of a request. */

import { setTimeout as sleep } from "node:timers/promises";

import { type FlowTables, readFlow } from "./collect.ts";
import { type Describer, describeRow } from "./describe.ts";
import { accountOf, GROUPS, type TopGrouping } from "./groups.ts";
import { flowsInTurns } from "./list.ts";
import type { FlowRow } from "./row.ts";
import { type LiveTcp, measuresOf, type TcpMeasures } from "./tcp.ts";

export interface TopRow {
  name: string;
  /** Connections that had traffic meanwhile. */
  flows: number;
  /** Those of them that go on in detect, and would be dropped. */
  would_drop: number;
  packets_per_s: number;
  /** The bytes that left this host, and those that arrived. */
  sent_per_s: number;
  received_per_s: number;
  /** The segments that TCP sockets of this host retransmitted. */
  retransmissions_per_s: number;
  /** The mean of those sockets. */
  round_trip_s?: number;
}

export interface Top {
  /** The seconds between the two readings. */
  seconds: number;
  /** The rows, the busiest first. */
  rows: TopRow[];
}

/** Two readings are at least this far apart, however many requests come. */
const LOOK_MS = 1000;
/** A reading this long ago tells nothing about now. */
const STALE_MS = 15_000;
const SENT_AND_RECEIVED = { egress: [0, 1], ingress: [1, 0] } as const;

interface Look {
  at: number;
  /** Packets, and bytes of either end, by connection. */
  counts: Map<string, readonly [packets: number, sent: number, received: number]>;
  /** The measurements of TCP sockets, by cookie. */
  sockets: Map<bigint, TcpMeasures>;
}

interface Busy {
  row: FlowRow;
  packets: number;
  sent: number;
  received: number;
  cookie: bigint;
}

export class FlowRates {
  readonly #tables: FlowTables;
  readonly #describer: Describer;
  readonly #liveTcp: LiveTcp;
  #last: Look | undefined;
  #busy: Busy[] = [];
  /** The measurements of the busy sockets, at both readings. */
  #sockets: Record<"before" | "now", ReadonlyMap<bigint, TcpMeasures>> = { before: new Map(), now: new Map() };
  #seconds = 1;
  #looking: Promise<void> | undefined;
  #forget: NodeJS.Timeout | undefined;

  constructor(tables: FlowTables, describer: Describer, liveTcp: LiveTcp) {
    this.#tables = tables;
    this.#describer = describer;
    this.#liveTcp = liveTcp;
  }

  async top(by: TopGrouping, limit: number): Promise<Top> {
    await (this.#looking ??= this.#refresh().finally(() => (this.#looking = undefined)));
    const rows = new Map<string, TopRow>();
    const roundTrips = new Map<string, number[]>();
    for (const { row, packets, sent, received, cookie } of this.#busy) {
      const name = nameOf(by, row);
      const sum = rows.get(name) ?? {
        name,
        flows: 0,
        would_drop: 0,
        packets_per_s: 0,
        sent_per_s: 0,
        received_per_s: 0,
        retransmissions_per_s: 0,
      };
      sum.flows++;
      if (row.would_drop) sum.would_drop++;
      sum.packets_per_s += packets / this.#seconds;
      sum.sent_per_s += sent / this.#seconds;
      sum.received_per_s += received / this.#seconds;
      rows.set(name, sum);
      const socket = this.#sockets.now.get(cookie);
      if (socket === undefined) continue;
      sum.retransmissions_per_s += (socket.retransmissions - (this.#sockets.before.get(cookie)?.retransmissions ?? 0)) / this.#seconds;
      if (socket.roundTrip === 0) continue;
      const all = roundTrips.get(name) ?? [];
      all.push(socket.roundTrip);
      roundTrips.set(name, all);
    }
    for (const [name, all] of roundTrips) rows.get(name)!.round_trip_s = all.reduce((total, one) => total + one) / all.length / 1e6;
    const load = (row: TopRow): number => row.sent_per_s + row.received_per_s;
    return { seconds: this.#seconds, rows: [...rows.values()].sort((a, b) => load(b) - load(a)).slice(0, limit) };
  }

  close(): void {
    clearTimeout(this.#forget);
  }

  async #refresh(): Promise<void> {
    const age = this.#last === undefined ? Infinity : performance.now() - this.#last.at;
    if (age < LOOK_MS) return;
    if (age > STALE_MS) this.#last = await this.#look();
    await sleep(Math.max(0, LOOK_MS - (performance.now() - this.#last!.at)));
    this.#last = await this.#look(this.#last);
    clearTimeout(this.#forget);
    this.#forget = setTimeout(() => this.#drop(), STALE_MS).unref();
  }

  /** Notes the traffic of connections since the previous reading; for a new connection, all of it. */
  async #look(before?: Look): Promise<Look> {
    const look: Look = { at: performance.now(), counts: new Map(), sockets: new Map() };
    const now = this.#describer.jiffies();
    const cookies = new Set<bigint>();
    this.#busy = [];
    for await (const entry of flowsInTurns(this.#tables)) {
      const { direction, packets: each, bytes, cookie } = readFlow(entry);
      const [own, other] = SENT_AND_RECEIVED[direction];
      const count = [each[0] + each[1], bytes[own], bytes[other]] as const;
      const key = entry.key.toString("latin1");
      const known = look.counts.get(key) ?? before?.counts.get(key) ?? NOTHING;
      look.counts.set(key, count);
      cookies.add(cookie);
      const packets = count[0] - known[0];
      if (before === undefined || packets <= 0) continue;
      this.#busy.push({
        row: describeRow(entry, now, this.#describer),
        packets,
        sent: count[1] - known[1],
        received: count[2] - known[2],
        cookie,
      });
    }
    await this.#liveTcp((record, cookie) => void (cookies.has(cookie) && look.sockets.set(cookie, measuresOf(record))));
    this.#sockets = { before: before?.sockets ?? new Map(), now: look.sockets };
    if (before !== undefined) this.#seconds = (look.at - before.at) / 1000;
    return look;
  }

  #drop(): void {
    this.#last = undefined;
    this.#busy = [];
    this.#sockets = { before: new Map(), now: new Map() };
  }
}

function nameOf(by: TopGrouping, row: FlowRow): string {
  return by === "rule" || by === "interface" ? row[by] : GROUPS[by](accountOf(row));
}

const NOTHING = [0, 0, 0] as const;
