/** Attaches the programs to the interfaces, with tables that are filled already, and takes over from an earlier agent. */

import { linkDirectory } from "../enforce/adoption/leftovers.ts";
import { writeNote } from "../enforce/adoption/pin-note.ts";
import type { Enforcement } from "../enforce/enforcement.ts";
import { warnOfAbsent, warnOfAbsentOverrides } from "../enforce/interfaces/absent.ts";
import { NamespacesBehind } from "../enforce/interfaces/behind.ts";
import { InterfaceFollower } from "../enforce/interfaces/follow.ts";
import type { InterfaceNames } from "../enforce/interfaces/names.ts";
import { TunnelEnds } from "../enforce/interfaces/tunnel-ends.ts";
import { SystemCalls } from "../enforce/system-calls.ts";
import { u32 } from "../kernel/maps.ts";
import { readTraffic } from "../observe/events/counters.ts";
import type { ConfigInForce } from "../service/config-in-force.ts";
import type { Farewell } from "./farewell.ts";
import type { Ground } from "./ground.ts";
import type { News } from "./news.ts";
import type { Observation } from "./observing.ts";
import type { Reporting } from "./reporting.ts";

/** Most handshakes that were under way when the agent started have ended after this time. */
const GRACE_S = 3;
/** Attaching to many interfaces may take this long. */
const ATTACHING_S = 60;

/** Makes the follower, which attaches programs once it is started. */
export function followInterfaces(
  { settings: { config }, plane, pins, log }: Ground,
  { installer, succession }: Enforcement,
  names: InterfaceNames,
  news: News,
): InterfaceFollower {
  return new InterfaceFollower({
    config: config.interfaces,
    programs: {
      tc(direction) {
        succession.followUp(); // this is done as late as possible: the program is about to be attached
        return plane.program(`weir_tc_${direction}`);
      },
      xdp() {
        succession.followUp();
        return plane.xdpProgram();
      },
    },
    installer,
    names,
    pins: linkDirectory(pins),
    tunnelEnds: new TunnelEnds({
      ends: plane.map("tunnel_ends"),
      addresses: plane.map("own_addresses"),
      setForms: (forms) => plane.control.setTunnelForms(forms),
    }),
    clearSlot: (slot) => plane.map("traffic").update(u32(slot), Buffer.alloc(plane.map("traffic").valueBytes)),
    packetsOf: (slot, direction) =>
      readTraffic(plane.map("traffic"), slot, "").reduce((sum, row) => (row.direction === direction ? sum + row.packets : sum), 0),
    onChange(name, direction, { hook, mode: how, reason }, unseen = 0) {
      succession.followUp();
      const passed = unseen === 0 ? {} : { unseen };
      log[unseen === 0 ? "info" : "warn"](
        { interface: name, direction, hook, mode: how, reason, ...passed },
        hook === "none" ? "not watched" : unseen === 0 ? "watched" : "watched, after packets had passed",
      );
      news.changed("weir.attach.changed", { interface: name, direction, hook, reason, unseen });
      news.action({ action: hook === "none" ? "DETACH" : "ATTACH", detail: { interface: name, direction, hook, reason, ...passed } });
    },
  });
}

/** Makes the tracing of system calls, which attaches its programs once `configure` is called. */
export function followSystemCalls({ plane, pins, log }: Ground, config: ConfigInForce): SystemCalls {
  return new SystemCalls({
    plane,
    pins: linkDirectory(pins),
    wanted: () => config.config.probes.system_calls,
    say: (level, sentence) => log[level](sentence),
  });
}

/** Attaches these programs. They come last, because a connection has an owner without them, too, only later. */
export function traceSystemCalls(systemCalls: SystemCalls, farewell: Farewell, { health }: Reporting, stop: AsyncDisposableStack): void {
  stop.defer(() => systemCalls.stop(farewell.until !== undefined));
  health.follow("system calls", () => systemCalls.trouble);
  systemCalls.configure();
}

/**
 * Attaches everything in this order: owners are known first, so that the first connection has one; then come the interfaces; then
 * the ring is read. A stop detaches in the reverse order, and then reads the events that the programs had written by then.
 */
export async function attach(
  { undo, settings, plane, pins, log, deadline }: Ground,
  { succession, growth, naming, tracers }: Enforcement,
  { socketEvents, ring, statistics }: Observation,
  interfaces: InterfaceFollower,
  farewell: Farewell,
  { health, losses }: Reporting,
  stop: AsyncDisposableStack,
): Promise<void> {
  const { config } = settings;
  deadline.step("attaching to the network interfaces", "The log says which were watched by then.");
  stop.defer(() => {
    ring.stop();
    while (ring.drain() > 0);
  });
  const behind = new NamespacesBehind(plane.map("address_namespaces"));
  stop.defer(() => behind.close());
  health.report("tracers", tracers.problems);
  stop.defer(() => tracers[farewell.until === undefined ? "detach" : "close"]());
  behind.start();
  if (config.interfaces.egress) plane.noteNat();
  health.look();
  plane.control.notesArriving = true; // until it is known that all packets that leave are seen
  if (!plane.adopted && !succession.isDue) plane.control.believeAnswersFor(ATTACHING_S);
  stop.defer(() => (farewell.until === undefined ? interfaces.detachAll() : interfaces.close()));
  undo.add(() => interfaces.undo());
  interfaces.start();
  if (!plane.adopted && !succession.isDue) plane.control.believeAnswersFor(GRACE_S);
  plane.control.notesArriving = !interfaces.seesAllLeave();
  succession.copyRest();
  health.follow("interfaces", () => interfaces.problems());
  health.look();
  for (const warning of [
    ...warnOfAbsentOverrides(config.interfaces, interfaces.present()),
    ...warnOfAbsent(config.rules, interfaces.present()),
  ])
    log.warn(warning);
  await naming.start();
  socketEvents.begin();
  ring.start();
  statistics.start();
  // Nothing of the earlier agent is given up until everything is attached.
  writeNote(pins, config, settings.path);
  interfaces.keep();
  tracers.keep();
  undo.forget();
  const unread = succession.unreadEvents();
  losses.countsOf(() => ({ older_tables: unread }));
  succession.close();
  plane.removeSuperseded();
  growth.start(interfaces);
  stop.defer(() => growth.close());
  farewell.takeOver();
  health.follow("socket events", () => socketEvents.trouble);
  health.follow("containers", () => behind.problems());
}
