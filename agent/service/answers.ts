/** What operators may ask of the agent, and tell it to do: each answered by the part that knows. */

import type { WeirConfig } from "../../config/types.ts";
import type { OwnFigures } from "../../otel/own-figures.ts";
import { renderPrometheus } from "../../otel/prometheus.ts";
import type { AgentControl, PolicyInForce, Status } from "./contract.ts";
import { DROP_TESTS, isShown } from "./drop-filter.ts";
import { matches } from "./filter.ts";
import { FLOW_TESTS } from "./flow-filter.ts";
import { SOCKET_TESTS } from "./socket-filter.ts";
import { STATISTICS_TESTS } from "./statistics-filter.ts";
import { statusOf, type TrafficRates } from "./status.ts";
import type { ExecutableHashes } from "../observe/enrich/executable-hashes.ts";
import type { ProcessReference, ToldEvent } from "../observe/events/event.ts";
import type { Figures } from "./figures.ts";
import type { FlowTables } from "../observe/flows/collect.ts";
import type { Describer } from "../observe/flows/describe.ts";
import { type DropTables, listDrops } from "../observe/flows/drops.ts";
import { listFlows } from "../observe/flows/list.ts";
import type { FlowRates } from "../observe/flows/top.ts";
import type { InterfaceFollower } from "../enforce/interfaces/follow.ts";
import type { DataPlane } from "../kernel/dataplane.ts";
import { readIteratorAside } from "../kernel/iterator.ts";
import type { Operations } from "./operations.ts";
import type { RuleBook } from "../enforce/rulebook.ts";
import type { SessionKeeper } from "../enforce/sessions.ts";
import { auditHead } from "../../config/settings.ts";
import { inventory } from "../observe/sockets/inventory.ts";
import type { Statistics } from "../observe/statistics/statistics.ts";

export interface AnswerParts {
  config: WeirConfig;
  plane: DataPlane;
  rules: RuleBook;
  sessions: SessionKeeper;
  interfaces: InterfaceFollower;
  figures: Figures;
  rates: TrafficRates;
  operate: Operations;
  tables: FlowTables;
  drops: DropTables;
  describer: Describer;
  hashes: ExecutableHashes;
  busiest: FlowRates;
  statistics: Statistics;
  subscribers: Set<(event: ToldEvent) => void>;
  /** Of the telemetry itself. */
  own(): OwnFigures;
  telemetry(): Status["telemetry"];
}

export function answersOf(parts: AnswerParts): AgentControl {
  const { config, figures, rates, operate, tables, drops, describer, hashes, busiest, statistics, subscribers } = parts;
  const listed = <Row extends { process?: ProcessReference }>(hash: boolean, list: (by: Describer) => Row[] | Promise<Row[]>): Row[] | Promise<Row[]> =>
    hash ? hashes.in((names) => list({ ...describer, names }), describer.names) : list(describer);
  const rawHolders = (): Promise<Buffer> => readIteratorAside(parts.plane.program("weir_raw_sockets"));
  return {
    status: () => statusOf(figures.snapshot(), rates, { path: config.audit.path, head: auditHead(config) }, parts.telemetry()),
    setMode: (wanted, caller) => operate.setMode(wanted, caller),
    reload: (caller) => operate.reload(caller),
    rules: () => operate.rules.listed(figures.rules()),
    rule: (which) => operate.rules.detail(figures.rules(), which),
    addRule: (rule, caller) => operate.rules.add(rule, caller),
    deleteRules: (ids, caller) => (ids === "all" ? operate.rules.clear(caller) : operate.rules.delete(ids, caller)),
    moveRule: (id, place, caller) => operate.rules.move(id, place, caller),
    bans: (network, limit, from) => operate.bans.list(network, limit, from),
    addBans: (bans, caller) => operate.bans.add(bans, caller),
    deleteBans: (networks, caller) => (networks === "all" ? operate.bans.clear(caller) : operate.bans.delete(networks, caller)),
    sets: () => operate.sets.list(),
    members: (set, network, limit, from) => operate.sets.members(set, network, limit, from),
    addMembers: (members, caller) => operate.sets.add(members, caller),
    removeMembers: (set, networks, caller) => operate.sets.remove(set, networks, caller),
    setsHolding: (addresses) => operate.sets.holding(addresses),
    drops: (filter, limit, hash) => listed(hash, (by) => listDrops(drops, by, (row) => isShown(row, filter) && matches(DROP_TESTS, row, filter), limit)),
    flows: (filter, limit, hash) => listed(hash, (by) => listFlows(tables, drops, by, (row) => matches(FLOW_TESTS, row, filter), limit)),
    top: (by, limit) => busiest.top(by, limit),
    statistics: (by, order, filter, limit) => statistics.list(by, order, (account) => matches(STATISTICS_TESTS, account, filter), limit),
    sockets: (filter, limit, hash) => listed(hash, (by) => inventory({ tables, describer: by, rawHolders }, (row) => matches(SOCKET_TESTS, row, filter), limit)),
    subscribe(listener) {
      subscribers.add(listener);
      return () => void subscribers.delete(listener);
    },
    policy: () => policyInForce(parts),
    metrics: () => renderPrometheus(figures.snapshot(), parts.own()),
  };
}

function policyInForce({ plane, rules, sessions, interfaces }: AnswerParts): PolicyInForce {
  const { source, capacity, kinds, rules: inForce } = rules.policy()!;
  const { defaults, failsafe, sets, inspect_tunnels, packet_sockets, events_per_second } = source;
  return {
    generation: plane.generation,
    mode: plane.mode,
    tables: plane.tablePins!,
    capacity,
    kinds,
    policy: { defaults, failsafe, sets, inspect_tunnels, packet_sockets, events_per_second, rules: [...(source.front ?? []), ...source.rules] },
    rules: inForce.map(({ slot, reference }) => ({ slot, source: reference.source })),
    sessions: sessions.all,
    ...interfaces.ownEnds(),
    interfaces: interfaces.states().map(({ name, ifindex, ingress }) => ({ name, ifindex, hook: ingress.hook })),
  };
}
