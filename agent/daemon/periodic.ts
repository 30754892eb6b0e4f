/** Runs the agent's periodic work, and reloads a configuration that changed. */

import { watchConfig } from "../files/watch.ts";
import type { Enforcement } from "../enforce/enforcement.ts";
import type { InterfaceFollower } from "../enforce/interfaces/follow.ts";
import type { SystemCalls } from "../enforce/system-calls.ts";
import { Drainage } from "../kernel/ring.ts";
import type { ConfigOperations } from "../service/config-operations.ts";
import { trafficRows } from "../service/figures.ts";
import type { TrafficRates } from "../service/status.ts";
import type { Ground } from "./ground.ts";
import type { HealthBoard } from "./health.ts";
import { type Observation, sweeper } from "./observing.ts";
import type { ServiceManager } from "./service-manager.ts";

const SWEEP_MS = 5000;
const SAMPLE_MS = 1000;
const LOOK_AGAIN_MS = 60_000;

interface Troubled {
  readonly trouble: string[];
}

/** Connects health with the parts that it asks each second, from the first attached program on. `files` are those of sets. */
export function followStores(
  health: HealthBoard,
  { dynamic, banned, library }: Ground,
  { kinds, mode, sessions, sets }: Enforcement,
  config: Troubled,
  files: Troubled,
): void {
  health.follow("dynamic rules", () => dynamic.trouble);
  health.follow("bans", () => banned.trouble);
  health.follow("configuration", () => config.trouble);
  health.follow("processes", () => kinds.trouble);
  health.follow("mode", () => [...mode.trouble, ...sessions.trouble]);
  health.follow("sets", () => [...sets.trouble, ...library.trouble, ...files.trouble]);
}

export function keepUp(
  { settings: { config }, plane, log }: Ground,
  { kinds, growth }: Enforcement,
  observation: Observation,
  interfaces: InterfaceFollower,
  systemCalls: SystemCalls,
  configuration: ConfigOperations,
  rates: TrafficRates,
  health: HealthBoard,
  manager: ServiceManager,
  stop: AsyncDisposableStack,
): void {
  const { socketEvents, ring } = observation;
  const every = (ms: number, chore: () => void): void => void stop.adopt(setInterval(chore, ms), clearInterval);
  every(SWEEP_MS, sweeper(plane, observation));
  every(SAMPLE_MS, () => {
    rates.sample(trafficRows(plane, interfaces), performance.now());
    configuration.keepTime();
    if (config.interfaces.egress) plane.noteNat(); // otherwise nobody sees how NAT translated incoming packets
    void growth.renew();
    socketEvents.look();
    systemCalls.look();
    for (const what of interfaces.repair()) log.warn(`${what} was detached by somebody else, and is attached again`);
    plane.control.notesArriving = !interfaces.seesAllLeave();
    health.look();
  });
  every(
    LOOK_AGAIN_MS,
    () => void kinds.lookAgain().catch((error: Error) => log.warn(`the processes of the rules are not up to date: ${error.message}`)),
  );
  const drainage = new Drainage(ring);
  if (manager.interval !== undefined) every(manager.interval, () => drainage.goesOn() && manager.alive());
}

/** Calls `reload` when the file differs from the one that was read. */
export function watchFile(
  { settings: { path, times } }: Ground,
  reload: () => void,
  health: HealthBoard,
  stop: AsyncDisposableStack,
): void {
  if (path === null) return;
  const watch = watchConfig(path, times, reload);
  stop.defer(() => watch.close());
  health.follow("configuration file", () =>
    watch.isSilent
      ? [`${path} does not answer, so weir does not notice changes of the configuration; check its file system (df ${path})`]
      : [],
  );
}
