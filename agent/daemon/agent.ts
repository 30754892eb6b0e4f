/**
 * The agent, put together. Read `watchOver` as the diagram: what reads the kernel, what explains it, and who is
 * told. Nobody else knows all the parts.
 */

import { setTimeout as pause } from "node:timers/promises";

import { openAudit } from "../../audit/writer.ts";
import { counted as numberOf } from "../values/count.ts";
import { secondsOf } from "../values/duration.ts";
import { type ConfigWatch, watchConfig } from "../files/watch.ts";
import { startTelemetry, type Telemetry } from "../../otel/start.ts";
import { answersOf } from "../service/answers.ts";
import type { AgentControl } from "../service/contract.ts";
import type { Log } from "./log.ts";
import { type ControlServer, startControlServer } from "../api/server.ts";
import type { SocketClaim } from "../api/socket.ts";
import { TrafficRates } from "../service/status.ts";
import type { DynamicRule } from "../enforce/dynamic/rule.ts";
import { Decoder } from "../observe/events/decode.ts";
import type { ConnectionEvent, ToldEvent } from "../observe/events/event.ts";
import { readFlowCounts, readTraffic } from "../observe/events/counters.ts";
import { Figures } from "../service/figures.ts";
import { Census } from "../observe/flows/census.ts";
import { collectIdle, countBlocked, countFlows, endBlocked, flowTablesOf } from "../observe/flows/collect.ts";
import { describeConnection, type Describer } from "../observe/flows/describe.ts";
import { DropReasons } from "../observe/flows/drop-reasons.ts";
import { OpenConnections } from "../observe/flows/open-connections.ts";
import { liveTcp } from "../observe/flows/tcp.ts";
import { FlowRates } from "../observe/flows/top.ts";
import { Unanswered } from "../observe/flows/unanswered.ts";
import { enforce, type Prepared } from "../enforce/enforcement.ts";
import { Farewell, type OnStop } from "./farewell.ts";
import { Event, FlowCount } from "../generated/layout.ts";
import { HealthBoard } from "./health.ts";
import { warnOfAbsent, warnOfAbsentOverrides } from "../enforce/interfaces/absent.ts";
import { NamespacesBehind } from "../enforce/interfaces/behind.ts";
import { InterfaceFollower } from "../enforce/interfaces/follow.ts";
import { TunnelEnds } from "../enforce/interfaces/tunnel-ends.ts";
import { readIteratorAside } from "../kernel/iterator.ts";
import { u32 } from "../kernel/maps.ts";
import { Drainage, Ring } from "../kernel/ring.ts";
import { describeSelf } from "../kernel/self.ts";
import { peerOf } from "../kernel/sockets.ts";
import { linkDirectory, removeLeftovers } from "../enforce/adoption/leftovers.ts";
import { Operations } from "../service/operations.ts";
import { writeNote } from "../enforce/adoption/pin-note.ts";
import { auditExpired } from "../service/rule-operations.ts";
import { ServiceManager } from "./service-manager.ts";
import { auditHead, type SettingsOptions } from "../../config/settings.ts";
import type { SetLibrary } from "../enforce/sets/library.ts";
import type { Signals } from "./signals.ts";
import { OtherEnd } from "../observe/sockets/other-end.ts";
import { SocketEvents } from "../observe/sockets/socket-events.ts";
import type { StartDeadline } from "./start-deadline.ts";
import { Statistics } from "../observe/statistics/statistics.ts";

const COLLECT_MS = 5000;
const SAMPLE_MS = 1000;
const LOOK_AGAIN_MS = 60_000;
const FLUSH_MS = 2500;
/** A handshake that was under way when the agent started is over by then, mostly. */
const GRACE_S = 3;
/** To attach to many interfaces takes longer. */
const ATTACHING_S = 60;

export interface RunOptions extends SettingsOptions {
  /** Refuses to start where the configuration is refused. */
  strict?: boolean;
  /** Seconds that the start may take. */
  startWithin?: number;
  onStop?: OnStop;
  /** The systemd unit that the agent is. */
  unit?: string | undefined;
  /** Called when the agent runs; the live view starts here. Resolves when the view wants to end. */
  onReady?: (control: AgentControl) => { close(): void };
}

/** What a start has read, claimed and opened. */
export interface Ground extends Prepared {
  options: RunOptions;
  deadline: StartDeadline;
  log: Log;
  signals: Signals;
  claim: SocketClaim;
  /** Rules whose time was over before this start. */
  ended: readonly DynamicRule[];
  library: SetLibrary;
}

/**
 * The diagram: everything between the kernel and those who are told, from start to stop. Answers until when what is in
 * force stays in force; undefined when nothing does.
 */
export async function watchOver(ground: Ground): Promise<Date | undefined> {
  const { options, deadline, undo, settings, log, signals, claim, dynamic, ended, banned, library, plane, pins } = ground;
  const { config } = settings;
  const farewell = new Farewell(plane, signals, { onStop: options.onStop ?? "detach", unit: options.unit, handOverFor: secondsOf(config.hand_over_for) }, log);

  // The audit log comes first, because it is refused for the sake of a file: then nothing has changed in the kernel.
  let telemetry: Telemetry | undefined;
  const health = new HealthBoard((now) => {
    log[now.state === "ok" ? "info" : "warn"](now.state === "ok" ? "all is well again" : now.reasons.join("; "));
    telemetry?.changed("weir.health.changed", now);
  });
  deadline.step(`opening the audit log ${config.audit.path}`, "Look whether its folder answers (ls -l), or choose another audit.path.");
  const audit = await openAudit({
    path: config.audit.path,
    headPath: auditHead(config),
    rotate: config.audit.rotate,
    actions: config.audit.actions,
    onHealth: (state) => health.report("audit", state.reasons),
    report: (sentence) => log.warn(sentence),
  });

  deadline.step("putting the rules in force", "Give it more time with --start-within.");
  const { succession, growth, bans, sets, kinds, installer, rules, sessions, mode, naming, tracers, generation } = await enforce(ground, log, (ifindex) => interfaces.nameOf(ifindex));

  // Who is told. These parts tell about each other: those that come later are asked only once they are there.
  let server: ControlServer | undefined;
  let operations: Operations | undefined;
  let watcher: ConfigWatch | undefined;
  let unread = 0;
  const reportStores = (): void => {
    health.report("dynamic rules", dynamic.trouble);
    health.report("bans", banned.trouble);
    health.report("configuration", [...(operations?.trouble ?? []), ...(watcher?.isSilent === true ? [`${settings.path} does not answer, so that changes of the configuration are not noticed; look at its file system (df ${settings.path})`] : [])]);
    health.report("processes", kinds.trouble);
    health.report("mode", [...mode.trouble, ...sessions.trouble]);
    health.report("sets", [...sets.trouble, ...library.trouble, ...(operations?.sets.trouble ?? [])]);
  };
  const subscribers = new Set<(event: ToldEvent) => void>();
  const interfaces = new InterfaceFollower({
    config: config.interfaces,
    programs: {
      tc(direction) {
        succession.followUp(); // as late as can be: it is about to be attached
        return plane.program(`weir_tc_${direction}`);
      },
      xdp() {
        succession.followUp();
        return plane.xdpProgram();
      },
    },
    installer,
    pins: linkDirectory(pins),
    tunnelEnds: new TunnelEnds({ ends: plane.map("tunnel_ends"), addresses: plane.map("own_addresses"), setForms: (forms) => plane.setTunnelForms(forms) }),
    clearSlot: (slot) => plane.map("traffic").update(u32(slot), Buffer.alloc(plane.map("traffic").valueBytes)),
    packetsOf: (slot, direction) => readTraffic(plane.map("traffic"), slot, "").reduce((sum, row) => (row.direction === direction ? sum + row.packets : sum), 0),
    onChange(name, direction, { hook, mode: how, reason }, unseen = 0) {
      succession.followUp();
      const passed = unseen === 0 ? {} : { unseen };
      log[unseen === 0 ? "info" : "warn"]({ interface: name, direction, hook, mode: how, reason, ...passed }, hook === "none" ? "not watched" : unseen === 0 ? "watched" : "watched, after packets had passed");
      telemetry?.changed("weir.attach.changed", { interface: name, direction, hook, reason, unseen });
      void audit.action({ action: hook === "none" ? "DETACH" : "ATTACH", detail: { interface: name, direction, hook, reason, ...passed } });
    },
  });

  // Kernel records become events; events go to everyone.
  const { names } = naming;
  const describer: Describer = { names, owners: plane.map("owners"), listeners: plane.map("listeners"), jiffies: () => plane.jiffies(), jiffiesPerSecond: plane.jiffiesPerSecond };
  const tables = flowTablesOf((name) => plane.map(name));
  const live = liveTcp(plane.program("weir_live_connections"));
  const statistics = new Statistics({ ended: plane.map("tcp_connections"), live, listeners: { places: plane.map("listening_places"), listeners: plane.map("listeners") }, tables, describer });
  const closed = (event: ConnectionEvent): void => {
    telemetry?.connection(event);
    statistics.connection(event);
  };
  const tell = (event: ToldEvent): void => {
    audit.write(event);
    telemetry?.event(event);
    for (const subscriber of subscribers) subscriber(event);
  };
  const socketEvents = new SocketEvents({
    describer,
    self: describeSelf(plane.program("weir_describe_caller"), plane.map("caller")),
    counters: plane.map("socket_counters"),
    errors: plane.map("socket_errors"),
    nextNumber: () => decoder.nextNumber(),
    settleBindings: () => plane.program("weir_settle_bindings").run(),
    rawHolders: () => readIteratorAside(plane.program("weir_raw_sockets")),
    tell,
  });
  const decoder = new Decoder(names, {
    verdict: tell,
    connection: (event) => closed(event),
    socket: (event, facts) => socketEvents.take(event, facts),
  });
  const ring = new Ring({
    map: plane.map("events"),
    recordSize: Event.size,
    onRecords(records) {
      naming.catchUp(); // or those of a long batch are more than their ring holds
      decoder.decode(records);
    },
  });

  const counted = plane.map("flow_counters");
  const census = new Census(() => readFlowCounts(counted, FlowCount.FLOWS), () => countFlows(tables));
  const blocked = new Census(() => readFlowCounts(counted, FlowCount.BLOCKED), () => countBlocked(tables));
  const drops = { drops: plane.map("drops"), counts: plane.map("drop_reasons"), reasons: new DropReasons(), isOwn: (row: Parameters<SocketEvents["isOwn"]>[0]) => socketEvents.isOwn(row) };
  const figures = new Figures({
    plane,
    drops,
    ring,
    rules,
    interfaces,
    census,
    blocked,
    executables: () => statistics.executables(),
    sockets: socketEvents,
    skipped: () => ({ ...socketEvents.skipped, ...naming.skipped }),
    health: () => health.current,
    bans: () => banned.size,
    lost: () => ({ ...telemetry?.lost(), ...nonZero({ audit: audit.counters.lost, watch: server?.figures().watch_lost ?? 0, malformed: decoder.malformed + ring.skipped, older_tables: unread }) }),
    config: () => operations?.figures() ?? { path: settings.path, loaded: Date.now(), reloads: 0, failures: 0, error: null },
  });
  deadline.step("setting up telemetry", "Look at the files that OTEL_* variables name.");
  const told = (telemetry = await startTelemetry({
    ...config.otel,
    snapshot: () => figures.snapshot(),
    guard: new OtherEnd({ asked: plane.map("asked_sockets"), readHolders: () => readIteratorAside(plane.program("weir_socket_holders")), pathOf: (cgroup) => naming.pathOf(cgroup) }),
    say: (level, sentence) => log[level](sentence),
  }));
  const endAllBlocked = (): void => {
    endBlocked(tables, (entry) => closed(describeConnection(entry, describer))).then(
      (count) => blocked.collected(count),
      (error: Error) => log.warn(`connections that would have been dropped are listed until they fall silent: ${error.message}`),
    );
  };
  const operate = (operations = new Operations({ options, settings, plane, endBlocked: endAllBlocked, rules, bans, sets, kinds, library, sessions, dynamic, interfaces, mode, audit, telemetry: told, say: (level, sentence) => log[level](sentence) }));

  // What operators ask.
  const rates = new TrafficRates();
  const busiest = new FlowRates(tables, describer, live);
  const control = answersOf({ config, plane, rules, sessions, interfaces, figures, rates, operate, tables, drops, describer, hashes: naming.hashes, busiest, statistics, subscribers, own: () => told.figures(), telemetry: () => told.state() });
  server = await startControlServer({
    path: config.control_socket,
    claim,
    control,
    peerOf,
    onRefused: (peer, attempts) => void audit.action({ action: "REFUSED", ...(peer === null ? {} : { uid: peer.uid }), detail: { what: "control socket", pid: peer?.pid ?? 0, attempts } }),
    onShut: (attempts) => void audit.action({ action: "REFUSED", detail: { what: "control socket", attempts, consequence: "shut to others for a minute" } }),
  });

  // Start: owners first, so that the first connection has one; then the interfaces; then reading.
  deadline.step("attaching to the network interfaces", "The log says which were watched by then.");
  const behind = new NamespacesBehind(plane.map("behind_devices"));
  health.report("tracers", tracers.problems);
  behind.start();
  if (config.interfaces.egress) plane.lookForTranslation();
  reportStores();
  plane.notesArriving = true; // until it is known that all that leave are seen
  if (!plane.adopted && !succession.isDue) plane.believeAnswersFor(ATTACHING_S);
  undo.add(() => interfaces.undo());
  interfaces.start();
  if (!plane.adopted && !succession.isDue) plane.believeAnswersFor(GRACE_S);
  plane.notesArriving = !interfaces.seesAllLeave();
  succession.carryRest();
  health.report("interfaces", interfaces.problems());
  for (const warning of [...warnOfAbsentOverrides(config.interfaces, interfaces.present()), ...warnOfAbsent(config.rules, interfaces.present())]) log.warn(warning);
  await naming.start();
  socketEvents.begin();
  ring.start();
  statistics.start();
  // Nothing of the agent before is given up until all of this is there.
  writeNote(pins, config, settings.path);
  interfaces.keep();
  tracers.keep();
  undo.forget();
  unread = succession.unreadEvents();
  succession.close();
  plane.removeSuperseded();
  growth.start(interfaces);
  farewell.takeOver();
  await deadline[Symbol.asyncDispose]();
  const manager = new ServiceManager();
  manager.ready(`${plane.mode}, ${numberOf(rules.loaded, "rule")}`);
  // Nobody waits for a disk any more: health says how the audit log is.
  void audit.action({ action: "START", uid: process.getuid!(), detail: { pid: process.pid, mode: plane.mode, rules: config.rules.length, dynamic: dynamic.all.length, bans: banned.size, config: settings.path ?? "built-in", adopted: plane.adopted ? "yes" : "no" } });
  if (settings.refused !== undefined) {
    const { problems, inForce } = settings.refused;
    void audit.action({ action: "CONFIG-REFUSED", uid: process.getuid!(), detail: { config: settings.path!, in_force: inForce, problem: problems[0]!, problems: problems.length } });
    told.changed("weir.config.rejected", { path: settings.path!, error: problems[0]! });
  }
  if (ended.length > 0) void auditExpired(audit, ended, generation);
  log.info({ pid: process.pid, mode: plane.mode, rules: config.rules.length, dynamic: dynamic.all.length, bans: banned.size, config: settings.path ?? "built-in" }, plane.adopted ? "weir runs, with the tables of the agent before" : "weir runs");

  const drainage = new Drainage(ring);
  const unanswered = new Unanswered(plane.map("local_ends"));
  const openConnections = new OpenConnections(() => ({ counts: plane.map("open_connections"), rules: plane.map("rules"), firstRule: (plane.generation & 1) * (plane.map("rules").info.maxEntries / 2) }));
  const timers = [
    setInterval(() => {
      const now = plane.jiffies();
      const walks = [openConnections.walk(), statistics.walk(now), unanswered.walk()];
      const removed = collectIdle(tables, now, plane.jiffiesPerSecond, { ended: (entry) => closed(describeConnection(entry, describer)), stays: (entry) => walks.forEach((walk) => walk.stays(entry)) });
      census.collected(removed.passing);
      blocked.collected(removed.blocked);
      walks.forEach((walk) => walk.finish());
    }, COLLECT_MS),
    setInterval(() => {
      rates.sample(figures.traffic(), performance.now());
      operate.keepTime();
      if (config.interfaces.egress) plane.lookForTranslation(); // or nobody sees where what came was led
      void growth.renew();
      socketEvents.look();
      health.report("socket events", socketEvents.trouble);
      const missing = interfaces.repair();
      for (const what of missing) log.warn(`${what} was detached by somebody else, and is attached again`);
      plane.notesArriving = !interfaces.seesAllLeave();
      health.report("interfaces", interfaces.problems());
      health.report("containers", behind.problems());
      reportStores();
    }, SAMPLE_MS),
  ];
  timers.push(setInterval(() => void kinds.lookAgain().catch((error: Error) => log.warn(`what rules say of processes is not up to date: ${error.message}`)), LOOK_AGAIN_MS));
  if (manager.interval !== undefined) timers.push(setInterval(() => drainage.goesOn() && manager.alive(), manager.interval));
  watcher = settings.path === null ? undefined : watchConfig(settings.path, settings.times, () => void operate.reload().catch(() => {}));
  const view = options.onReady?.(control);

  signals.onHangup(() => {
    void audit.reopen();
    void operate.reload().catch(() => {});
  });
  await signals.ended;

  // Stop: first of all the kernel is told what becomes of it.
  manager.stopping();
  await farewell.said;
  view?.close();
  for (const timer of timers) clearInterval(timer);
  watcher?.close();
  const changed = operate.close();
  busiest.close();
  await server.close();
  await growth.close();
  const handsOver = farewell.until !== undefined;
  if (handsOver) interfaces.close();
  else interfaces.detachAll();
  tracers[handsOver ? "close" : "detach"]();
  behind.close();
  ring.stop();
  while (ring.drain() > 0);
  await Promise.all([told.shutdown(FLUSH_MS), Promise.race([changed, pause(FLUSH_MS, undefined, { ref: false })])]); // a change still writes to the tables
  const auditClosed = audit.close({ action: "STOP", detail: { pid: process.pid, ...(farewell.until === undefined ? {} : { in_force_until: farewell.until.toISOString() }) } });
  await Promise.race([auditClosed, pause(FLUSH_MS, undefined, { ref: false })]);
  ring.close();
  statistics.close();
  installer.close();
  naming.close();
  const until = farewell.finish();
  plane.close();
  if (until === undefined) removeLeftovers(pins);
  return until;
}

function nonZero(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
