/**
 * Puts everything that decides about packets in force at the start: bans, sets, process kinds, rules and the mode. Until all of
 * it is there, packets are judged by what an earlier agent left in force.
 */

import type { Settings } from "../../config/settings.ts";
import type { CompiledRules } from "../policy/compiled.ts";
import type { BanStore } from "./bans/store.ts";
import type { DynamicRules } from "./dynamic/store.ts";
import type { SetsByName } from "./sets/keeper.ts";
import { enforceBans } from "./bans/memory.ts";
import type { BanKeeper } from "./bans/keeper.ts";
import { withDynamic } from "./dynamic/check.ts";
import { clearRules } from "../observe/events/counters.ts";
import { Growth } from "./growth.ts";
import { adoptInterfaces } from "./interfaces/adopt.ts";
import type { InterfaceNames } from "./interfaces/names.ts";
import type { DataPlane } from "../kernel/dataplane.ts";
import { waitGracePeriod } from "../kernel/grace.ts";
import { readIteratorApart } from "../kernel/iterator.ts";
import { listLinks } from "../kernel/links.ts";
import { linkDirectory } from "./adoption/leftovers.ts";
import { ModeKeeper } from "./mode.ts";
import { Naming } from "../observe/naming.ts";
import { networkMemoryOf } from "./networks/memory.ts";
import { NetworkTable } from "./networks/table.ts";
import { KindKeeper, type KindKeeperOptions } from "./processes/keeper.ts";
import { RuleBook } from "./rulebook.ts";
import { weekSeconds } from "../policy/boot-clock.ts";
import type { SessionEnds } from "../policy/pack.ts";
import type { Mode } from "../values/traffic.ts";
import { copyAfter, Installer, placeOfKinds, type RuleTables } from "./install.ts";
import { InterfaceTable } from "../policy/interface-table.ts";
import { SessionKeeper } from "./sessions.ts";
import { SetKeeper } from "./sets/keeper.ts";
import { renewListeners } from "../observe/sockets/holders.ts";
import { Succession } from "./adoption/succession.ts";
import { attachTracers, type Tracers } from "./tracers.ts";
import type { Undo } from "./undo.ts";

/** A pass over some thousand processes takes some milliseconds; this is its time limit. */
const PASS_MS = 2000;

/** Everything that the start has read and prepared for the kernel. */
export interface Prepared {
  /** Restores what an earlier agent had in force, if this start fails. */
  undo: Undo;
  settings: Settings;
  dynamic: DynamicRules;
  compiled: CompiledRules;
  banned: BanStore;
  /** The members of the sets at the start. */
  members: SetsByName;
  plane: DataPlane;
  pins: string;
}

/** The part of the agent's log that this folder writes to. */
export interface EnforcementLog {
  info(first: object | string, sentence?: string): void;
  warn(sentence: string): void;
}

/** Each of these keeps a part of what is in force. */
interface Keepers {
  growth: Growth;
  bans: BanKeeper;
  sets: SetKeeper;
  kinds: KindKeeper;
  installer: Installer;
  rules: RuleBook;
  sessions: SessionKeeper;
  mode: ModeKeeper;
  naming: Naming;
}

export interface Enforcement extends Keepers {
  /** Carries the remaining connections once every interface has its programs. */
  succession: Succession;
  tracers: Tracers;
  /** The generation in which the rules are in force. */
  generation: number;
}

export async function enforce(prepared: Prepared, log: EnforcementLog, names: InterfaceNames): Promise<Enforcement> {
  const { undo, settings, dynamic, compiled, members, plane, pins } = prepared;
  const { config } = settings;
  const keepers = keepersOf(prepared, log, names);
  const { sets, kinds, installer, rules, mode } = keepers;
  adoptInterfaces(installer, listLinks());
  for (const warning of compiled.warnings) log.warn(warning);

  const wanted = modeAtStart(prepared, mode);
  const before = plane.control.mode;
  undo.add(() => {
    if (before === "detect") plane.control.mode = before; // shared tables hold the new rules already
  });
  if (wanted === "detect") plane.control.mode = wanted; // so no new rule drops anything before all of them are in force
  plane.control.weekSeconds = weekSeconds(Date.now());
  const succession = new Succession(plane);
  succession.copyOwners();
  const tracers = attachTracers(plane, linkDirectory(pins), succession.isDue); // the tracers come before anything asks for owners and processes
  undo.add(() => tracers.undo());
  const setTransition = await sets.prepare(members, compiled.setNumbers, copyAfter(plane.control.generation));
  const kindTransition = await kinds.prepare(compiled.kinds);
  const generation = await rules.install(
    { ...compiled, kindsPlace: kindTransition.place },
    withDynamic(settings, dynamic.all, dynamic.clock),
  );
  plane.control.mode = wanted;
  await setTransition.finish();
  kindTransition.finish();
  const { warnings, facts } = kinds.resolve([...dynamic.all.map(({ rule }) => rule), ...config.rules]);
  for (const warning of warnings) log.warn(warning);
  for (const sentence of facts) log.info(sentence);
  if (succession.isDue) {
    const { connections, left } = succession.copyAll();
    log.info({ connections }, "connections were copied from the tables of the earlier agent");
    for (const name of left) log.warn(`the table ${name} of the earlier agent has another form than this version's, and was not copied`);
  }
  return { ...keepers, succession, tracers, generation };
}

/** Makes the keepers of the kernel's tables, and connects them. Only bans are in force afterwards. */
function keepersOf({ settings: { config }, compiled, banned, plane }: Prepared, log: EnforcementLog, names: InterfaceNames): Keepers {
  const growth = new Growth(plane, (sentence) => log.warn(sentence));
  const bans = enforceBans(banned, plane, config.bans.except, (...wanted) => growth.lines("ban", ...wanted));
  const sets = new SetKeeper(
    new NetworkTable(
      networkMemoryOf(
        (name) => plane.map(name),
        "set",
        (...wanted) => growth.lines("set", ...wanted),
      ),
    ),
    waitGracePeriod,
  );
  const installer = new Installer(tablesOf(plane, waitGracePeriod));
  const sessions = new SessionKeeper(config.state_dir);
  const inTables = (): SessionEnds[] =>
    sessions.all.map(({ address, remote_port, local_port }) => ({
      remoteAddress: address,
      remotePort: remote_port,
      localPort: local_port,
    }));
  const rules = new RuleBook({
    capacity: compiled.capacity,
    installer,
    sessions: inTables,
    clearCounters: (slots) => clearRules(new DataView(plane.map("rule_counters").mmap()), slots),
    grow: (capacity) => growth.rules(capacity),
  });
  const naming = new Naming(plane, {
    rule: (slot, generation) => rules.reference(slot, generation),
    interface: (ifindex) => names.of(ifindex),
  });
  const kinds = new KindKeeper({ ...kindTablesOf(plane), ...naming.processFacts, waitGracePeriod });
  naming.sendsTo(kinds);
  return { growth, bans, sets, installer, sessions, rules, naming, kinds, mode: new ModeKeeper(config.state_dir) };
}

/** Returns the mode of the start. If a file is refused, a mode of prevent that was not in force before does not begin. */
function modeAtStart({ settings: { config, refused }, plane }: Prepared, mode: ModeKeeper): Mode {
  const observes = refused !== undefined && (refused.inForce === "built-in" || (plane.adopted && plane.control.mode === "detect"));
  return observes ? "detect" : mode.resolve(config.mode);
}

/** The tables are looked up for each call, because growth may exchange them for larger ones. */
export function tablesOf(plane: DataPlane, waitGracePeriod: () => Promise<void>): RuleTables {
  const memory = (name: string): Uint8Array => new Uint8Array(plane.map(name).mmap());
  return {
    policies: memory("policies"),
    get cells() {
      return memory("cells");
    },
    get rules() {
      return memory("rules");
    },
    interfaces: new InterfaceTable(memory("interfaces"), plane.map("interfaces_apart")),
    generation: () => plane.control.generation,
    flip: (generation) => plane.control.flip(generation),
    waitGracePeriod,
  };
}

function kindTablesOf(plane: DataPlane): Pick<KindKeeperOptions, "map" | "compareAll" | "renewListeners" | "placeInForce"> {
  const compare = async (): Promise<boolean> => (await readIteratorApart(plane.program("weir_identify_all"), PASS_MS)).isWhole;
  return {
    map: (name) => plane.map(name),
    compareAll: async () => (await compare()) && (await compare()), // in the second pass the parents of each process are known
    renewListeners: () => renewListeners(plane.program("weir_older_sockets"), plane.map("owners"), plane.map("listeners")),
    placeInForce: () => placeOfKinds(new DataView(plane.map("policies").mmap()), plane.control.generation & 1),
  };
}
