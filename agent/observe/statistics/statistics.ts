/**
 * Sums by process, peer and service since the agent started. Flows and sockets are added when they end, and live ones are added
 * when somebody asks.
 */

import type { ConnectionEvent } from "../events/event.ts";
import type { ExecutableRow } from "../events/snapshot.ts";
import { type FlowEntry, type FlowTables, isTold } from "../flows/collect.ts";
import { type Describer, describeRow } from "../flows/describe.ts";
import { type Account, accountOf, type Grouping, GROUPS, OTHER } from "../flows/groups.ts";
import type { ListenerTables } from "../flows/listening.ts";
import { flowsInTurns } from "../flows/list.ts";
import { describeTcp, type LiveTcp, measuresOf, tcpRecords } from "../flows/tcp.ts";
import { Flow, FlowKey, TcpConnection } from "../../generated/layout.ts";
import type { BpfMap } from "../../kernel/maps.ts";
import { Ring } from "../../kernel/ring.ts";
import { Executables } from "./executables.ts";
import { TrafficLedger, REST } from "./ledger.ts";
import { LongLived } from "./long-lived.ts";
import { type StatisticsOrder, STATISTICS_ORDERS, type StatisticsRow } from "./row.ts";
import { type ConnectionTraffic, Tally } from "./tally.ts";

/** At most this many are handled before other work gets its turn. */
const ENDED_AT_ONCE = 1024;
/** Connections that live longer than this are added while they live. */
const LONG_SECONDS = 60;
const US_A_MS = 1000;
const US = 1e6;

export interface StatisticsSources {
  /** The ring of TCP connections that ended. */
  ended: BpfMap;
  live: LiveTcp;
  listeners: ListenerTables;
  tables: FlowTables;
  describer: Describer;
}

interface Group {
  account: Account;
  /** True if all members of the group belong to the same process. */
  one: boolean;
  live: number;
  tally: Tally;
}

export class Statistics {
  readonly #sources: StatisticsSources;
  readonly #ring: Ring;
  readonly #ledger = new TrafficLedger();
  readonly #executables = new Executables();
  readonly #longLived = new LongLived();

  constructor(sources: StatisticsSources) {
    this.#sources = sources;
    this.#ring = new Ring({
      map: sources.ended,
      recordSize: TcpConnection.size,
      batch: ENDED_AT_ONCE,
      onRecords: (records) => this.#measured(records),
    });
  }

  /** Starts reading the kernel's records before their ring is full. A request reads the rest. */
  start(): void {
    this.#ring.start();
  }

  close(): void {
    this.#ring.close();
  }

  /** Takes a connection that ended. */
  connection(event: ConnectionEvent): void {
    const now = Date.now();
    const account = accountOf(event);
    const tally = this.#ledger.tallyOf(account, now);
    tally.count(event.opened, now, event.verdict === "would_drop");
    tally.durations.add((event.closed - event.opened) * US_A_MS);
    this.#executables.count(account);
    this.#add(account, this.#longLived.finish(event, trafficOf(event)), now);
  }

  /** Begins a walk. Call `stays` for each connection that lives, and then `finish`. */
  walk(now: bigint): { stays(entry: FlowEntry): void; finish(): void } {
    const { describer } = this.#sources;
    const { at, stride } = FlowKey.ports;
    const before = now - BigInt(LONG_SECONDS * describer.jiffiesPerSecond);
    return {
      stays: (entry) => {
        if (!this.#longLived.isDue(entry.key.readUInt16LE(at) + entry.key.readUInt16LE(at + stride))) return;
        if (entry.value.readBigUInt64LE(Flow.opened_jiffies) > before || isTold(entry.value)) return;
        const row = describeRow(entry, now, describer);
        this.#add(accountOf(row), this.#longLived.advance(row, trafficOf(row)), Date.now());
      },
      finish: () => {
        this.#longLived.finishLook();
        this.catchUp();
      },
    };
  }

  executables(): ExecutableRow[] {
    return this.#executables.rows();
  }

  /** Returns at most `limit` rows. */
  async list(by: Grouping, order: StatisticsOrder, wanted: (account: Account) => boolean, limit: number): Promise<StatisticsRow[]> {
    this.catchUp();
    const now = Date.now();
    const groups = new Map<string, Group>();
    const groupOf = (account: Account): Group | undefined => (wanted(account) ? find(groups, account, by) : undefined);
    for (const { account, tally } of this.#ledger.entries()) groupOf(account)?.tally.merge(tally, now);
    await this.#addLive(groupOf, now);
    const rows = Array.from(groups, ([name, group]) => rowOf(name, group, now)).filter(
      ({ packets, connections, tcp }) => packets + connections > 0 || tcp !== undefined,
    );
    const rank = STATISTICS_ORDERS[order];
    return rows.sort((a, b) => rank(b) - rank(a)).slice(0, limit);
  }

  /** Reads the records that the kernel has written meanwhile. */
  catchUp(): void {
    while (this.#ring.drain() > 0);
  }

  async #addLive(groupOf: (account: Account) => Group | undefined, now: number): Promise<void> {
    const { tables, describer, live, listeners } = this.#sources;
    const jiffies = describer.jiffies();
    for await (const entry of flowsInTurns(tables)) {
      if (isTold(entry.value)) continue;
      const row = describeRow(entry, jiffies, describer);
      const group = groupOf(accountOf(row));
      if (group === undefined) continue;
      group.live++;
      group.tally.count(Date.parse(row.opened), now, row.would_drop === true);
      group.tally.add(this.#longLived.rest(row, trafficOf(row)));
    }
    await live((record) => groupOf(accountOf(describeTcp(record, describer, listeners)))?.tally.measure(measuresOf(record)));
  }

  #add(account: Account, traffic: ConnectionTraffic, now: number): void {
    if (traffic.packets === 0) return;
    this.#ledger.tallyOf(account, now).add(traffic);
    this.#executables.add(account, traffic);
  }

  #measured(records: Buffer): void {
    const now = Date.now();
    const { describer, listeners } = this.#sources;
    for (const record of tcpRecords(records))
      this.#ledger.tallyOf(accountOf(describeTcp(record, describer, listeners)), now).measure(measuresOf(record));
  }
}

/** In the pairs, the opener's count stands first. */
function trafficOf({ direction, packets, bytes }: Pick<ConnectionEvent, "direction" | "packets" | "bytes">): ConnectionTraffic {
  const [sent, received] = direction === "egress" ? bytes : [bytes[1], bytes[0]];
  return { packets: packets[0] + packets[1], sent, received };
}

function find(groups: Map<string, Group>, account: Account, by: Grouping): Group {
  const name = account === REST ? OTHER : GROUPS[by](account);
  const known = groups.get(name);
  if (known !== undefined) return known;
  const group: Group = { account, one: by === "process" && account.process?.pid !== undefined, live: 0, tally: new Tally() };
  groups.set(name, group);
  return group;
}

function rowOf(name: string, { account, one, live, tally }: Group, now: number): StatisticsRow {
  const { process, container, pod, unit } = account;
  const [median, p95] = [tally.durations.quantile(0.5), tally.durations.quantile(0.95)];
  return {
    name,
    ...(one && process !== undefined ? { process } : {}),
    ...(one && container !== undefined ? { container } : {}),
    ...(one && pod !== undefined ? { pod } : {}),
    ...(one && unit !== undefined ? { unit } : {}),
    connections: tally.connections,
    would_drop: tally.wouldDrop,
    live,
    connections_per_s: tally.opened.perSecond(now),
    packets: tally.packets,
    sent: tally.sent,
    received: tally.received,
    ...(median === undefined || p95 === undefined ? {} : { duration_s: { median: median / US, p95: p95 / US } }),
    ...(tally.measured === 0 ? {} : { tcp: tcpOf(tally) }),
  };
}

function tcpOf({ measured, segments, retransmissions, roundTrips, leastRoundTrip }: Tally): StatisticsRow["tcp"] & object {
  const [median, p95] = [roundTrips.quantile(0.5), roundTrips.quantile(0.95)];
  return {
    connections: measured,
    segments,
    retransmissions,
    ...(median === undefined || p95 === undefined || leastRoundTrip === Infinity
      ? {}
      : { round_trip_s: { median: median / US, p95: p95 / US, min: leastRoundTrip / US } }),
  };
}
