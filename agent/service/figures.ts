/** Reads all counters at one look: status, metrics and tests get the same figures. Each section needs only the tables that it reads. */

import type { InterfaceFollower } from "../enforce/interfaces/follow.ts";
import type { RuleBook } from "../enforce/rulebook.ts";
import type { DataPlane } from "../kernel/dataplane.ts";
import type { Jiffies } from "../kernel/jiffies.ts";
import type { Ring } from "../kernel/ring.ts";
import { eventCounts } from "../observe/events/accounts.ts";
import {
  readCounts,
  readEventCounts,
  readFaults,
  readRejects,
  readRule,
  readTcpStatistics,
  readTraffic,
  readUndecided,
} from "../observe/events/counters.ts";
import type { RuleRow, Snapshot, TrafficRow } from "../observe/events/snapshot.ts";
import type { Census } from "../observe/flows/census.ts";
import { countDrops, type DropTables } from "../observe/flows/drops.ts";

type Section<Key extends keyof Snapshot> = Pick<Snapshot, Key>;

export interface FigureSections {
  policy(): Section<"mode" | "generation" | "rules" | "bans" | "packet_sockets">;
  interfaces(): Section<"interfaces" | "absent_interfaces" | "unseen" | "traffic">;
  verdicts(): Section<"undecided" | "rejects" | "believed_answers" | "faults">;
  events(): Section<"events" | "ring_fill">;
  connections(): Section<"flows" | "tcp" | "drops" | "executables">;
  sockets(): Section<"sockets" | "system_calls" | "skipped" | "probes">;
  agent(): Section<"pid" | "started" | "health" | "lost" | "config">;
}

export function snapshotOf({ policy, interfaces, verdicts, events, connections, sockets, agent }: FigureSections): Snapshot {
  return { ...agent(), ...policy(), ...interfaces(), ...verdicts(), ...connections(), ...sockets(), ...events() };
}

type Maps = Pick<DataPlane, "map">;

/** Reads the counters of the operator's rules, in the order in which they are tried. */
export function ruleRows(plane: Maps & { clock: Pick<Jiffies, "now" | "perSecond"> }, rules: Pick<RuleBook, "inForce">): RuleRow[] {
  const now = plane.clock.now();
  const counters = new DataView(plane.map("rule_counters").mmap()); // another one once they have grown
  return rules.inForce().map(({ slot, reference }) => {
    const { lastHitJiffies, ...figures } = readRule(counters, slot);
    const ago = (Number(now - lastHitJiffies) / plane.clock.perSecond) * 1000;
    return { id: `r${slot}`, ...reference, ...figures, last_hit: lastHitJiffies === 0n ? null : new Date(Date.now() - ago).toISOString() };
  });
}

export function trafficRows(plane: Maps, interfaces: Pick<InterfaceFollower, "slots">): TrafficRow[] {
  const slots = [...interfaces.slots(), { name: "other", slot: 0 }];
  return slots.flatMap(({ name, slot }) => readTraffic(plane.map("traffic"), slot, name));
}

export function policyFigures(plane: DataPlane, rules: RuleBook, bans: { readonly size: number }): FigureSections["policy"] {
  return () => ({
    mode: plane.control.mode,
    generation: plane.control.generation,
    rules: ruleRows(plane, rules),
    bans: bans.size,
    packet_sockets: rules.policy()?.source.packet_sockets ?? "report",
  });
}

export function interfaceFigures(plane: Maps, interfaces: InterfaceFollower): FigureSections["interfaces"] {
  return () => ({
    interfaces: interfaces.states(),
    absent_interfaces: interfaces.absent(),
    unseen: interfaces.unseen(),
    traffic: trafficRows(plane, interfaces),
  });
}

export function verdictFigures(plane: Maps): FigureSections["verdicts"] {
  return () => ({
    undecided: readUndecided(plane.map("undecided")),
    rejects: readRejects(plane.map("answers")),
    believed_answers: readCounts(plane.map("believed"))[0]!,
    faults: readFaults(plane.map("faults")),
  });
}

export function eventFigures(plane: Maps, ring: Pick<Ring, "state" | "stride">): FigureSections["events"] {
  return () => {
    const state = ring.state();
    return {
      events: eventCounts(
        () => ring.state(),
        ring.stride,
        () => readEventCounts(plane.map("event_counters")),
      ),
      ring_fill: (state.producer - state.consumer) / state.size,
    };
  };
}

/** `blocked` counts the connections that detect lets go on. */
export function connectionFigures(
  plane: Maps,
  {
    census,
    blocked,
    drops,
    statistics,
  }: { census: Census; blocked: Census; drops: DropTables; statistics: { executables(): Snapshot["executables"] } },
): FigureSections["connections"] {
  return () => ({
    flows: { ...census.figures, would_drop: blocked.figures },
    tcp: readTcpStatistics(plane.map("tcp_statistics")),
    drops: countDrops(drops),
    executables: statistics.executables(),
  });
}
