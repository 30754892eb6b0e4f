/** Who moves the most: what connections carried between two looks at the flow table, added up as somebody asks. */

import { setTimeout as sleep } from "node:timers/promises";

import type { Workload } from "../events/event.ts";
import { shortNames } from "../events/workload.ts";
import { type FlowTables, readFlow } from "./collect.ts";
import { type Describer, describeRow } from "./describe.ts";
import { flowsInTurns } from "./list.ts";
import type { FlowRow } from "./row.ts";

export interface TopRow {
  name: string;
  /** Connections that carried anything meanwhile. */
  flows: number;
  packets_per_s: number;
  /** Bytes that left this host, and that came. */
  sent_per_s: number;
  received_per_s: number;
}

export interface Top {
  /** Between the two looks. */
  seconds: number;
  /** The busiest first. */
  rows: TopRow[];
}

const UNKNOWN = "unknown";
/** Of a process that is known, and no part of any. */
const NONE = "none";

/** What one row stands for. */
const GROUPS = {
  process: ({ process }) => (process === undefined ? UNKNOWN : `${process.name} ${process.pid}`),
  container: (row) => partOf(row, "container"),
  pod: (row) => partOf(row, "pod"),
  unit: (row) => partOf(row, "unit"),
  peer: ({ direction, source, destination }) => (direction === "ingress" ? source : destination).address,
  service: ({ protocol, destination }) => (destination.port === undefined ? protocol : `${protocol} ${destination.port}`),
  rule: ({ rule }) => rule,
  interface: (row) => row.interface,
} satisfies Record<string, (row: FlowRow) => string>;

export type Grouping = keyof typeof GROUPS;

export const GROUPINGS = Object.keys(GROUPS) as Grouping[];

/** Looks follow each other at least so far apart, however many ask. */
const LOOK_MS = 1000;
/** A look this long ago says nothing about now. */
const STALE_MS = 15_000;
const SENT_AND_RECEIVED = { egress: [0, 1], ingress: [1, 0] } as const;

interface Look {
  at: number;
  /** Packets, and bytes of either end, by connection. */
  counts: Map<string, readonly [packets: number, sent: number, received: number]>;
}

interface Busy {
  row: FlowRow;
  packets: number;
  sent: number;
  received: number;
}

export class FlowRates {
  readonly #tables: FlowTables;
  readonly #describer: Describer;
  #last: Look | undefined;
  #busy: Busy[] = [];
  #seconds = 1;
  #looking: Promise<void> | undefined;
  #forget: NodeJS.Timeout | undefined;

  constructor(tables: FlowTables, describer: Describer) {
    this.#tables = tables;
    this.#describer = describer;
  }

  async top(by: Grouping, limit: number): Promise<Top> {
    await (this.#looking ??= this.#refresh().finally(() => (this.#looking = undefined)));
    const rows = new Map<string, TopRow>();
    for (const { row, packets, sent, received } of this.#busy) {
      const name = GROUPS[by](row);
      const sum = rows.get(name) ?? { name, flows: 0, packets_per_s: 0, sent_per_s: 0, received_per_s: 0 };
      sum.flows++;
      sum.packets_per_s += packets / this.#seconds;
      sum.sent_per_s += sent / this.#seconds;
      sum.received_per_s += received / this.#seconds;
      rows.set(name, sum);
    }
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

  /** Notes what connections carried since the look before; of one that is new, all. */
  async #look(before?: Look): Promise<Look> {
    const look: Look = { at: performance.now(), counts: new Map() };
    const now = this.#describer.jiffies();
    this.#busy = [];
    for await (const entry of flowsInTurns(this.#tables)) {
      const { direction, packets: each, bytes } = readFlow(entry);
      const [own, other] = SENT_AND_RECEIVED[direction];
      const count = [each[0] + each[1], bytes[own], bytes[other]] as const;
      const key = entry.key.toString("latin1");
      const known = look.counts.get(key) ?? before?.counts.get(key) ?? NOTHING;
      look.counts.set(key, count);
      const packets = count[0] - known[0];
      if (before !== undefined && packets > 0) this.#busy.push({ row: describeRow(entry, now, this.#describer), packets, sent: count[1] - known[1], received: count[2] - known[2] });
    }
    if (before !== undefined) this.#seconds = (look.at - before.at) / 1000;
    return look;
  }

  #drop(): void {
    this.#last = undefined;
    this.#busy = [];
  }
}

function partOf(row: FlowRow, what: keyof Workload): string {
  return row.process === undefined ? UNKNOWN : (shortNames(row)[what] ?? NONE);
}

const NOTHING = [0, 0, 0] as const;
