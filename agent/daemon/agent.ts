/**
 * Composes the agent. `watchOver` is the diagram of what decides about packets, who receives news of it, and who may ask. The
 * groups that it connects are made in files of their own beside this one. Only this file knows all the parts.
 */

import { counted } from "../values/count.ts";
import { secondsOf } from "../values/duration.ts";
import { removeLeftovers } from "../enforce/adoption/leftovers.ts";
import { enforce } from "../enforce/enforcement.ts";
import { InterfaceNames } from "../enforce/interfaces/names.ts";
import { ConfigInForce } from "../service/config-in-force.ts";
import { TrafficRates } from "../service/status.ts";
import { controlOf, openSocket, snapshots } from "./asking.ts";
import { attach, followInterfaces, followSystemCalls, traceSystemCalls } from "./attaching.ts";
import { Farewell } from "./farewell.ts";
import type { Ground } from "./ground.ts";
import { observe } from "./observing.ts";
import { operationsOf } from "./operating.ts";
import { ServiceManager } from "./service-manager.ts";
import { flush, openAuditLog, openTelemetry, reportingOf, auditStart } from "./reporting.ts";
import { followStores, keepUp, watchFile } from "./periodic.ts";

/**
 * Runs the agent from start to stop. Returns the time until which the rules stay in force after the stop; undefined if they do
 * not. A stop ends the parts in the reverse of the order in which they are put on the stack. A start that fails ends none of
 * them: `undo` puts back what an earlier agent had in force, and the process ends.
 */
export async function watchOver(ground: Ground): Promise<Date | undefined> {
  const { options, deadline, settings, log, signals, plane, pins } = ground;
  const stop = new AsyncDisposableStack();
  const farewell = new Farewell(
    plane,
    signals,
    { onStop: options.onStop ?? "detach", unit: options.unit, handOverFor: secondsOf(settings.config.hand_over_for) },
    log,
  );
  stop.defer(() => {
    const until = farewell.finish();
    plane.close();
    if (until === undefined) removeLeftovers(pins);
  });

  // The audit log comes first, because a wrong file refuses the start: then nothing has changed in the kernel.
  const reporting = reportingOf(log);
  const { news, health, losses } = reporting;
  const audit = await openAuditLog(ground, farewell, reporting, stop);

  // The kernel decides by rules, bans and sets.
  deadline.step("putting the rules in force", "Give the start more time with --start-within.");
  const names = new InterfaceNames();
  const enforcement = await enforce(ground, log, names);
  stop.defer(() => enforcement.naming.close());
  stop.defer(() => enforcement.installer.close());

  // The records of the kernel become news. Telemetry receives them, and later those who watch.
  const observation = observe(plane, enforcement.naming, reporting, stop);
  const interfaces = followInterfaces(ground, enforcement, names, news);
  const config = new ConfigInForce(settings);
  const systemCalls = followSystemCalls(ground, config);
  const snapshot = snapshots(ground, enforcement, observation, interfaces, config, systemCalls, reporting);
  const telemetry = await openTelemetry(ground, enforcement.naming, snapshot, news);
  losses.countsOf(() => telemetry.lost());
  losses.countsOf(() => ({ audit: audit.counters.lost }));

  // Operators query and command the agent.
  const rates = new TrafficRates();
  const operations = operationsOf(ground, enforcement, observation, interfaces, config, systemCalls, audit, news);
  stop.defer(() => flush(telemetry, operations.settled()));
  const control = controlOf(ground, enforcement, observation, interfaces, operations, snapshot, rates, telemetry, news);
  const server = await openSocket(ground, control, reporting);

  // From here on the programs of this agent judge packets. A stop closes the socket before it detaches them.
  followStores(health, ground, enforcement, config, operations.sets);
  await attach(ground, enforcement, observation, interfaces, farewell, reporting, stop);
  traceSystemCalls(systemCalls, farewell, reporting, stop);
  stop.defer(() => server.close());
  await deadline[Symbol.asyncDispose]();
  const manager = new ServiceManager();
  manager.ready(`${plane.control.mode}, ${counted(enforcement.rules.loaded, "rule")}`);
  auditStart(ground, enforcement, audit, news);

  stop.defer(() => operations.close());
  const reload = (): void => void operations.config.reload().catch(() => {});
  keepUp(ground, enforcement, observation, interfaces, systemCalls, operations.config, rates, health, manager, stop);
  watchFile(ground, reload, health, stop);
  const view = options.onReady?.(control);
  stop.defer(() => view?.close());
  signals.onHangup(() => {
    void audit.reopen();
    reload();
  });
  await signals.ended;

  // The stop begins here: the kernel is told first what happens to the rules.
  manager.stopping();
  await farewell.said;
  await stop.disposeAsync().catch((error: unknown) => {
    throw firstOf(error);
  });
  return farewell.until;
}

/** Every part is ended, even if another one fails to end. The operator gets the first error. */
function firstOf(error: unknown): unknown {
  return error instanceof SuppressedError ? firstOf(error.suppressed) : error;
}
