/** One look at everything that is counted: the same figures for status, metrics and tests. */

import { countDrops, type DropTables } from "../observe/flows/drops.ts";
import { eventCounts } from "../observe/events/accounts.ts";
import { readCounts, readEventCounts, readFaults, readRejects, readRule, readTcpStatistics, readTraffic, readUndecided } from "../observe/events/counters.ts";
import type { ExecutableRow, Health, RuleRow, Snapshot, TrafficRow } from "../observe/events/snapshot.ts";
import type { Census } from "../observe/flows/census.ts";
import type { InterfaceFollower } from "../enforce/interfaces/follow.ts";
import type { DataPlane } from "../kernel/dataplane.ts";
import type { Ring } from "../kernel/ring.ts";
import type { SocketEvents } from "../observe/sockets/socket-events.ts";
import type { RuleBook } from "../enforce/rulebook.ts";

export interface FigureSources {
  plane: DataPlane;
  drops: DropTables;
  ring: Ring;
  rules: RuleBook;
  interfaces: InterfaceFollower;
  census: Census;
  /** Of connections that detect lets go on. */
  blocked: Census;
  executables(): ExecutableRow[];
  sockets: SocketEvents;
  health(): Health;
  bans(): number;
  skipped(): Record<string, number>;
  lost(): Record<string, number>;
  config(): Snapshot["config"];
}

export class Figures {
  readonly #sources: FigureSources;
  readonly #started = Date.now();

  constructor(sources: FigureSources) {
    this.#sources = sources;
  }

  snapshot(): Snapshot {
    const { plane, drops, ring, interfaces, census, blocked, sockets, executables, skipped, health, bans, lost, config } = this.#sources;
    const state = ring.state();
    return {
      pid: process.pid,
      started: this.#started,
      mode: plane.mode,
      health: health(),
      generation: plane.generation,
      interfaces: interfaces.states(),
      absent_interfaces: interfaces.absent(),
      unseen: interfaces.unseen(),
      rules: this.rules(),
      bans: bans(),
      traffic: this.traffic(),
      undecided: readUndecided(plane.map("undecided")),
      rejects: readRejects(plane.map("answers")),
      drops: countDrops(drops),
      tcp: readTcpStatistics(plane.map("tcp_statistics")),
      executables: executables(),
      sockets: sockets.figures(),
      skipped: skipped(),
      packet_sockets: this.#sources.rules.policy()?.source.packet_sockets ?? "report",
      believed_answers: readCounts(plane.map("believed"))[0]!,
      faults: readFaults(plane.map("faults")),
      events: eventCounts(() => ring.state(), ring.stride, () => readEventCounts(plane.map("event_counters"))),
      flows: { ...census.figures, would_drop: blocked.figures },
      lost: lost(),
      ring_fill: (state.producer - state.consumer) / state.size,
      config: config(),
    };
  }

  /** Alone, for whoever asks often. */
  traffic(): TrafficRow[] {
    const { plane, interfaces } = this.#sources;
    const slots = [...interfaces.slots(), { name: "other", slot: 0 }];
    return slots.flatMap(({ name, slot }) => readTraffic(plane.map("traffic"), slot, name));
  }

  /** The operator's rules, in the order they are tried. */
  rules(): RuleRow[] {
    const { plane, rules } = this.#sources;
    const now = plane.jiffies();
    const counters = new DataView(plane.map("rule_counters").mmap()); // another one once they have grown
    return rules.inForce().map(({ slot, reference }) => {
      const { lastHitJiffies, ...figures } = readRule(counters, slot);
      const ago = (Number(now - lastHitJiffies) / plane.jiffiesPerSecond) * 1000;
      return { id: `r${slot}`, ...reference, ...figures, last_hit: lastHitJiffies === 0n ? null : new Date(Date.now() - ago).toISOString() };
    });
  }
}
