/** Connects the control socket with the parts of the agent that answer its questions. */

import { auditHead } from "../../config/settings.ts";
import type { Telemetry } from "../../otel/start.ts";
import { type ControlServer, startControlServer } from "../api/server.ts";
import type { Enforcement } from "../enforce/enforcement.ts";
import type { InterfaceFollower } from "../enforce/interfaces/follow.ts";
import type { SystemCalls } from "../enforce/system-calls.ts";
import { readIteratorAside } from "../kernel/iterator.ts";
import { peerOf } from "../kernel/sockets.ts";
import type { Snapshot } from "../observe/events/snapshot.ts";
import { CallCounts } from "../observe/sockets/call-counts.ts";
import { banControl, observationControl, policyInForce, ruleControl, stateControl } from "../service/answers.ts";
import type { ConfigInForce } from "../service/config-in-force.ts";
import type { AgentControl } from "../service/contract.ts";
import {
  connectionFigures,
  eventFigures,
  type FigureSections,
  interfaceFigures,
  policyFigures,
  ruleRows,
  snapshotOf,
  verdictFigures,
} from "../service/figures.ts";
import type { TrafficRates } from "../service/status.ts";
import type { Ground } from "./ground.ts";
import type { News } from "./news.ts";
import type { Observation } from "./observing.ts";
import type { Operations } from "./operating.ts";
import type { Reporting } from "./reporting.ts";

/** Returns a function that reads all counters at once. */
export function snapshots(
  { plane, banned }: Ground,
  { rules, naming }: Enforcement,
  observation: Observation,
  interfaces: InterfaceFollower,
  config: ConfigInForce,
  systemCalls: Pick<SystemCalls, "state">,
  { health, losses }: Reporting,
): () => Snapshot {
  const { socketEvents, shownCalls, ring } = observation;
  const started = Date.now();
  const calls = new CallCounts(plane.maps);
  const sections: FigureSections = {
    agent: () => ({ pid: process.pid, started, health: health.current, lost: losses.counts, config: config.figures() }),
    policy: policyFigures(plane, rules, banned),
    interfaces: interfaceFigures(plane, interfaces),
    verdicts: verdictFigures(plane),
    connections: connectionFigures(plane, observation),
    sockets: () => ({
      sockets: socketEvents.figures(),
      system_calls: calls.rows(),
      skipped: { ...socketEvents.skipped, ...naming.skipped },
      probes: { system_calls: { ...systemCalls.state, attached: [...systemCalls.state.attached, ...shownCalls.attached] } },
    }),
    events: eventFigures(plane, ring),
  };
  return () => snapshotOf(sections);
}

export function controlOf(
  { settings: { config }, plane }: Ground,
  { rules, sessions, naming }: Enforcement,
  observation: Observation,
  interfaces: InterfaceFollower,
  operations: Operations,
  snapshot: () => Snapshot,
  rates: TrafficRates,
  telemetry: Telemetry,
  news: News,
): AgentControl {
  const { tables, drops, describer, busiest, statistics, shownCalls } = observation;
  return {
    state: stateControl({
      snapshot,
      rates,
      audit: { path: config.audit.path, head: auditHead(config) },
      telemetry,
      policy: () => policyInForce({ plane, rules, sessions, interfaces }),
    }),
    events: { subscribe: (event) => news.sendsTo({ event }) },
    mode: operations.mode,
    config: operations.config,
    rules: ruleControl(operations.rules, () => ruleRows(plane, rules)),
    bans: banControl(operations.bans),
    sets: operations.sets,
    calls: { show: ({ pid, descriptor, rate }, sink) => shownCalls.show(pid, { descriptor, most: rate }, sink) },
    observation: observationControl({
      tables,
      drops,
      describer,
      busiest,
      statistics,
      hashes: naming.hashes,
      rawHolders: () => readIteratorAside(plane.program("weir_raw_sockets")),
    }),
  };
}

export async function openSocket(
  { settings: { config }, claim }: Ground,
  control: AgentControl,
  { news, losses }: Reporting,
): Promise<ControlServer> {
  const server = await startControlServer({
    path: config.control_socket,
    claim,
    control,
    peerOf,
    onRefused: (peer, attempts) =>
      news.action({
        action: "REFUSED",
        ...(peer === null ? {} : { uid: peer.uid }),
        detail: { what: "control socket", pid: peer?.pid ?? 0, attempts },
      }),
    onShut: (attempts) =>
      news.action({ action: "REFUSED", detail: { what: "control socket", attempts, consequence: "closed for other users for a minute" } }),
  });
  losses.countsOf(() => ({ watch: server.figures().watch_lost }));
  return server;
}
