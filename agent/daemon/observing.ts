/**
 * The stages that turn records of the kernel into news. Each stage is made with the one that it sends to.
 *
 *     ring ──► decoder ──┬── verdicts ───────────────────────► news.event
 *                        ├── sockets ──► socket events ──────► news.event
 *                        └── connections that closed ────────► news.connection
 *     flow tables ──► sweep ── connections that fell silent ──► news.connection
 */

import { Event, FlowCount } from "../generated/layout.ts";
import type { DataPlane } from "../kernel/dataplane.ts";
import { readIteratorAside } from "../kernel/iterator.ts";
import { Ring } from "../kernel/ring.ts";
import { describeSelf } from "../kernel/self.ts";
import { attachTrace } from "../kernel/trace.ts";
import { readFlowCounts } from "../observe/events/counters.ts";
import { Decoder } from "../observe/events/decode.ts";
import { Sequence } from "../observe/events/sequence.ts";
import { Census } from "../observe/flows/census.ts";
import { collectIdle, countBlocked, countFlows, endBlocked, type FlowEntry, flowTablesOf } from "../observe/flows/collect.ts";
import { describeConnection, type Describer } from "../observe/flows/describe.ts";
import { DropReasons } from "../observe/flows/drop-reasons.ts";
import type { DropTables } from "../observe/flows/drops.ts";
import { OpenConnections } from "../observe/flows/open-connections.ts";
import { liveTcp } from "../observe/flows/tcp.ts";
import { FlowRates } from "../observe/flows/top.ts";
import { Unanswered } from "../observe/flows/unanswered.ts";
import type { Naming } from "../observe/naming.ts";
import { ShownCalls } from "../observe/sockets/shown-calls.ts";
import { SocketEvents } from "../observe/sockets/socket-events.ts";
import { Statistics } from "../observe/statistics/statistics.ts";
import type { Reporting } from "./reporting.ts";

export type Observation = ReturnType<typeof observe>;

/** Makes the stages. Nothing is read before the ring is started. */
export function observe(plane: DataPlane, naming: Naming, { news, losses }: Reporting, stop: AsyncDisposableStack) {
  const { names } = naming;
  const describer: Describer = {
    names,
    owners: plane.map("owners"),
    listeners: plane.map("listeners"),
    jiffies: () => plane.clock.now(),
    jiffiesPerSecond: plane.clock.perSecond,
  };
  const tables = flowTablesOf((name) => plane.map(name));
  const live = liveTcp(plane.program("weir_live_connections"));

  const statistics = new Statistics({
    ended: plane.map("tcp_connections"),
    live,
    listeners: { places: plane.map("listening_places"), listeners: plane.map("listeners") },
    tables,
    describer,
  });
  stop.defer(() => statistics.close());
  news.sendsTo(statistics);

  const numbers = new Sequence();
  const self = describeSelf(plane.program("weir_describe_caller"), plane.map("caller"));
  const socketEvents = new SocketEvents({
    describer,
    self,
    counters: plane.map("socket_counters"),
    errors: plane.map("socket_errors"),
    nextNumber: () => numbers.next(),
    settleBindings: () => plane.program("weir_settle_bindings").run(),
    rawHolders: () => readIteratorAside(plane.program("weir_raw_sockets")),
    report: (event) => news.event(event),
  });
  const shownCalls = new ShownCalls({
    load: () => plane.loadShown(),
    attach: (program) => attachTrace(program, ""),
    self,
  });
  stop.defer(() => shownCalls.close());
  const decoder = new Decoder(
    names,
    {
      verdict: (event) => news.event(event),
      connection: (event) => news.connection(event),
      socket: (event, facts) => socketEvents.take(event, facts),
    },
    numbers,
  );
  const ring = new Ring({
    map: plane.map("events"),
    recordSize: Event.size,
    onRecords(records) {
      naming.catchUp(); // otherwise those of a long batch could be more than their ring holds
      decoder.decode(records);
    },
  });
  stop.defer(() => ring.close());
  losses.countsOf(() => ({ malformed: decoder.malformed + ring.skipped }));

  const counted = plane.map("flow_counters");
  const census = new Census(
    () => readFlowCounts(counted, FlowCount.FLOWS),
    () => countFlows(tables),
  );
  const blocked = new Census(
    () => readFlowCounts(counted, FlowCount.BLOCKED),
    () => countBlocked(tables),
  );
  const drops: DropTables = {
    drops: plane.map("drops"),
    counts: plane.map("drop_reasons"),
    reasons: new DropReasons(),
    isOwn: (row) => socketEvents.isOwn(row),
  };
  const busiest = new FlowRates(tables, describer, live);
  stop.defer(() => busiest.close());

  const reportClosed = (entry: FlowEntry): void => news.connection(describeConnection(entry, describer));
  return { describer, tables, statistics, socketEvents, shownCalls, ring, census, blocked, drops, busiest, reportClosed };
}

/** Returns a function that ends the connections that fell silent, and counts those that stay. It walks over all of them. */
export function sweeper(plane: DataPlane, { tables, statistics, census, blocked, reportClosed }: Observation): () => void {
  const unanswered = new Unanswered(plane.map("local_ends"));
  const openConnections = new OpenConnections(() => ({
    counts: plane.map("open_connections"),
    rules: plane.map("rules"),
    firstRule: (plane.control.generation & 1) * (plane.map("rules").info.maxEntries / 2),
  }));
  return () => {
    const now = plane.clock.now();
    const walks = [openConnections.walk(), statistics.walk(now), unanswered.walk()];
    const removed = collectIdle(tables, now, plane.clock.perSecond, {
      ended: reportClosed,
      stays(entry) {
        for (const walk of walks) walk.stays(entry);
      },
    });
    census.collected(removed.passing);
    blocked.collected(removed.blocked);
    for (const walk of walks) walk.finish();
  };
}

/** Ends the blocked connections, without waiting for that. */
export function endAllBlocked({ tables, blocked, reportClosed }: Observation, warn: (sentence: string) => void): void {
  endBlocked(tables, reportClosed).then(
    (count) => blocked.collected(count),
    (error: Error) => warn(`blocked connections are listed until they fall silent: ${error.message}`),
  );
}
