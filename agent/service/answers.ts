/** Answers what operators ask of the agent. The operations do what operators tell it to do. */

import { renderPrometheus } from "../../otel/prometheus.ts";
import type { OwnFigures } from "../../otel/own-figures.ts";
import type { InterfaceFollower } from "../enforce/interfaces/follow.ts";
import type { RuleBook } from "../enforce/rulebook.ts";
import type { SessionKeeper } from "../enforce/sessions.ts";
import type { DataPlane } from "../kernel/dataplane.ts";
import type { ExecutableHashes } from "../observe/enrich/executable-hashes.ts";
import type { ProcessReference } from "../observe/events/event.ts";
import type { RuleRow, Snapshot } from "../observe/events/snapshot.ts";
import type { FlowTables } from "../observe/flows/collect.ts";
import type { Describer } from "../observe/flows/describe.ts";
import { type DropTables, listDrops } from "../observe/flows/drops.ts";
import { listFlows } from "../observe/flows/list.ts";
import type { FlowRates } from "../observe/flows/top.ts";
import { inventory } from "../observe/sockets/inventory.ts";
import type { Statistics } from "../observe/statistics/statistics.ts";
import type { BanOperations } from "./ban-operations.ts";
import type { AuditFiles, BanControl, ObservationControl, PolicyInForce, RuleControl, StateControl, Status } from "./contract.ts";
import { DROP_TESTS, isShown } from "./drop-filter.ts";
import { matches } from "./filter.ts";
import { FLOW_TESTS } from "./flow-filter.ts";
import type { RuleOperations } from "./rule-operations.ts";
import { SOCKET_TESTS } from "./socket-filter.ts";
import { STATISTICS_TESTS } from "./statistics-filter.ts";
import { statusOf, type TrafficRates } from "./status.ts";

export interface StateParts {
  snapshot(): Snapshot;
  rates: TrafficRates;
  audit: AuditFiles;
  telemetry: { figures(): OwnFigures; state(): Status["telemetry"] };
  policy(): PolicyInForce;
}

export function stateControl({ snapshot, rates, audit, telemetry, policy }: StateParts): StateControl {
  return {
    status: () => statusOf(snapshot(), rates, audit, telemetry.state()),
    policy,
    metrics: () => renderPrometheus(snapshot(), telemetry.figures()),
  };
}

/** `rows` reads the rules in force, with what they counted. */
export function ruleControl(rules: RuleOperations, rows: () => RuleRow[]): RuleControl {
  return {
    list: () => rules.listed(rows()),
    find: ({ which }) => rules.detail(rows(), which),
    add: (rule, caller) => rules.add(rule, caller),
    delete: ({ ids }, caller) => (ids === "all" ? rules.clear(caller) : rules.delete(ids, caller)),
    move: ({ id, place }, caller) => rules.move(id, place, caller),
  };
}

export function banControl(bans: BanOperations): BanControl {
  return {
    list: (asked) => bans.list(asked),
    add: (wanted, caller) => bans.add(wanted, caller),
    delete: ({ networks }, caller) => (networks === "all" ? bans.clear(caller) : bans.delete(networks, caller)),
  };
}

export interface ObservationParts {
  tables: FlowTables;
  drops: DropTables;
  describer: Describer;
  hashes: ExecutableHashes;
  busiest: FlowRates;
  statistics: Statistics;
  /** Reads who has packet, raw and ping sockets open, as records of struct holding. */
  rawHolders(): Promise<Buffer>;
}

export function observationControl({
  tables,
  drops,
  describer,
  hashes,
  busiest,
  statistics,
  rawHolders,
}: ObservationParts): ObservationControl {
  const listed = <Row extends { process?: ProcessReference }>(
    hash: boolean,
    list: (by: Describer) => Row[] | Promise<Row[]>,
  ): Row[] | Promise<Row[]> => (hash ? hashes.in((names) => list({ ...describer, names }), describer.names) : list(describer));
  return {
    drops: ({ limit, hash, ...filter }) =>
      listed(hash, (by) => listDrops(drops, by, (row) => isShown(row, filter) && matches(DROP_TESTS, row, filter), limit)),
    flows: ({ limit, hash, ...filter }) =>
      listed(hash, (by) => listFlows(tables, drops, by, (row) => matches(FLOW_TESTS, row, filter), limit)),
    sockets: ({ limit, hash, ...filter }) =>
      listed(hash, (by) => inventory({ tables, describer: by, rawHolders }, (row) => matches(SOCKET_TESTS, row, filter), limit)),
    top: ({ by, limit }) => busiest.top(by, limit),
    statistics: ({ by, sort, limit, ...filter }) =>
      statistics.list(by, sort, (account) => matches(STATISTICS_TESTS, account, filter), limit),
  };
}

export interface PolicyParts {
  plane: DataPlane;
  rules: RuleBook;
  sessions: SessionKeeper;
  interfaces: InterfaceFollower;
}

export function policyInForce({ plane, rules, sessions, interfaces }: PolicyParts): PolicyInForce {
  const { source, capacity, kinds, rules: inForce } = rules.policy()!;
  const { defaults, failsafe, sets, inspect_tunnels, packet_sockets, events_per_second } = source;
  return {
    generation: plane.control.generation,
    mode: plane.control.mode,
    tables: plane.tablePins!,
    capacity,
    kinds,
    policy: {
      defaults,
      failsafe,
      sets,
      inspect_tunnels,
      packet_sockets,
      events_per_second,
      rules: [...(source.front ?? []), ...source.rules],
    },
    rules: inForce.map(({ slot, reference }) => ({ slot, source: reference.source })),
    sessions: sessions.all,
    ...interfaces.ownEnds(),
    interfaces: interfaces.states().map(({ name, ifindex, ingress }) => ({ name, ifindex, hook: ingress.hook })),
  };
}
