/** Starts an agent: reads and claims everything before anything in the kernel is touched, and cleans up after a failed start. */

import { existsSync } from "node:fs";
import { dirname } from "node:path";

import { safeFolder } from "../../audit/file.ts";
import { findSilent } from "../files/silent.ts";
import type { WeirConfig } from "../../config/types.ts";
import { watchOver } from "./agent.ts";
import type { Ground, RunOptions } from "./ground.ts";
import { BanStore } from "../enforce/bans/store.ts";
import { createLog, type Log } from "./log.ts";
import { Refusal } from "../values/refusal.ts";
import { claimSocket } from "../api/socket.ts";
import { claimStateDirectory } from "./state-directory.ts";
import { refuseTwins, withDynamic } from "../enforce/dynamic/check.ts";
import { DynamicRules } from "../enforce/dynamic/store.ts";
import { DataPlane } from "../kernel/dataplane.ts";
import { ensureMounted } from "../kernel/mounts.ts";
import { tableFolders } from "../kernel/pinned-table.ts";
import { removeLeftovers, removeTables } from "../enforce/adoption/leftovers.ts";
import { LoadThread } from "../enforce/load-thread.ts";
import { linesFor } from "../enforce/networks/memory.ts";
import { dropFrom } from "../service/rule-operations.ts";
import { RulesRefused } from "../policy/compile.ts";
import type { CompiledRules } from "../policy/compiled.ts";
import { START_WITHIN_S, StartDeadline } from "./start-deadline.ts";
import {
  ConfigRefused,
  configPathOf,
  DEFAULT_CONFIG_PATH,
  pinDirectory,
  holdsInstead,
  readSettings,
  type Settings,
} from "../../config/settings.ts";
import { standInFor } from "./stand-in.ts";
import { SetLibrary } from "../enforce/sets/library.ts";
import { isSilent, readListAside } from "../enforce/sets/list-thread.ts";
import { listenForSignals } from "./signals.ts";
import { Undo } from "../enforce/undo.ts";

/** Runs the agent until a signal ends it. */
export async function runAgent(options: RunOptions): Promise<number> {
  await using deadline = new StartDeadline(options.startWithin ?? START_WITHIN_S, {
    doing: `reading the configuration ${options.config ?? DEFAULT_CONFIG_PATH}`,
    next: "Check whether its file system answers (ls -l), or name another file with --config.",
  });
  await refuseSilent(new Map([[options.config ?? DEFAULT_CONFIG_PATH, "name another file with --config"]]), deadline);
  const path = configPathOf(options);
  await using thread = new LoadThread();
  if (path !== null) await deadline.allowFor(path);
  const settings = await readSettings(options, thread.load).catch((error: unknown) => {
    if (!(error instanceof ConfigRefused) || path === null || options.strict === true) throw error;
    return standInFor(path, options, thread.load, error.problems);
  });
  const { config } = settings;
  const log = createLog(config.logging);
  const signals = listenForSignals(log);
  logProblems(settings, log);
  await refuseSilent(placesOf(config), deadline);

  // Each socket and each state directory belongs to one agent. They are claimed before anything in the kernel is touched.
  deadline.step(
    `taking the control socket ${config.control_socket}`,
    "Check whether its folder answers (ls -l), or choose another control_socket (or WEIR_CONTROL_SOCKET).",
  );
  const claim = await claimSocket(config.control_socket);
  try {
    deadline.step(
      `reading the state directory ${config.state_dir}`,
      "Check whether it answers (ls -l), or choose another state_dir (or WEIR_STATE_DIR).",
    );
    const lock = await claimStateDirectory(config.state_dir);
    try {
      await safeFolder(dirname(config.audit.path), process.geteuid!()); // this refuses before anything in the kernel is touched
      const until = await takeOver({ options, deadline, settings, log, signals, claim }, thread);
      log.info(
        until === undefined
          ? "weir has stopped; nothing of it is left in the kernel"
          : `weir has stopped; its rules stay in force until another agent takes them over, at most until ${until.toISOString()}`,
      );
    } finally {
      await lock.release();
    }
  } catch (error) {
    await claim.release().catch(() => {}); // the server may have released the socket
    throw error;
  }
  return 0;
}

/**
 * Takes over from an earlier agent. If this start fails, the programs and tables that the earlier agent left in force go on, and
 * those of this start are removed. Only tables that both agents share keep the rules that this start has written.
 */
async function takeOver(
  ground: Pick<Ground, "options" | "deadline" | "settings" | "log" | "signals" | "claim">,
  thread: LoadThread,
): Promise<Date | undefined> {
  ensureMounted("bpf", "/sys/fs/bpf");
  const pins = pinDirectory(ground.settings.config);
  const found = existsSync(pins);
  const tablesBefore = tableFolders(pins);
  const undo = new Undo((sentence) => ground.log.warn(sentence));
  undo.add(() => removeTables(pins, tablesBefore));
  try {
    const dynamic = new DynamicRules(ground.settings.config.state_dir);
    const ended = dynamic.due();
    await dropFrom(dynamic, ended, (level, sentence) => ground.log[level](sentence));
    ground.deadline.step("compiling the rules", "Give the start more time with --start-within.");
    // This is done before anything in the kernel is touched, because it determines how large the tables must be.
    const { settings, compiled } = await compileOrStandIn(ground, dynamic, thread);
    await thread[Symbol.asyncDispose]();
    const banned = new BanStore(settings.config.state_dir);
    await banned.rewriteIfDue();
    const library = new SetLibrary({ stateDirectory: settings.config.state_dir, read: readListAside, isSilent });
    for (const { file } of Object.values(settings.config.sets)) if (file !== undefined) await ground.deadline.allowFor(file);
    ground.deadline.step("reading the lists of the sets", "Check the files that sets name.");
    const members = await library.open(settings.config.sets);
    ground.deadline.step(
      "loading programs into the kernel",
      "Check whether the machine has CPU time left, or give the start more time with --start-within.",
    );
    const capacity = {
      ...compiled.capacity,
      banLines: linesFor(banned.size),
      setLines: linesFor([...members.values()].reduce((sum, { size }) => sum + size, 0)),
    };
    return await watchOver({
      ...ground,
      undo,
      settings,
      pins,
      dynamic,
      ended,
      compiled,
      banned,
      library,
      members,
      plane: new DataPlane({ pins, capacity }),
    });
  } catch (error) {
    undo.run();
    if (!found) removeLeftovers(pins);
    throw error;
  }
}

/** Compiles the rules. Only compiling shows whether they are too many for the kernel. */
async function compileOrStandIn(
  { options, settings, log }: Pick<Ground, "options" | "settings" | "log">,
  dynamic: DynamicRules,
  thread: LoadThread,
): Promise<{ settings: Settings; compiled: CompiledRules }> {
  try {
    return { settings, compiled: await compileAll(settings, dynamic, thread) };
  } catch (error) {
    if (!(error instanceof RulesRefused) || settings.path === null || settings.refused !== undefined || options.strict === true)
      throw error;
    const { state_dir, control_socket, audit } = settings.config;
    const instead = await standInFor(settings.path, options, thread.load, [...error.problems], { state_dir, control_socket, audit });
    logProblems(instead, log);
    return { settings: instead, compiled: await compileAll(instead, dynamic, thread) };
  }
}

function logProblems({ path, refused, warnings }: Settings, log: Log): void {
  if (refused !== undefined)
    log.error(`the configuration ${path} is refused, and ${holdsInstead(refused)}: ${refused.problems.join("; ")}`);
  for (const warning of warnings) log.warn(warning);
}

/** Throws a sentence about the first path that does not answer. `next` has the next step for the operator, by path. */
async function refuseSilent(wanted: ReadonlyMap<string, string>, { leftMs, uncounted }: StartDeadline): Promise<void> {
  const silent = await findSilent([...wanted.keys()], leftMs, uncounted);
  if (silent === undefined) return;
  throw new Refusal(`The start was not done in time: ${silent} does not answer.`, {
    next: `Check its file system (df ${silent}), or ${wanted.get(silent)}.`,
  });
}

/** Returns the files and folders that the configuration names, each with the next step if it does not answer. */
function placesOf({ control_socket, state_dir, audit, sets }: WeirConfig): Map<string, string> {
  const lists = Object.values(sets).flatMap(({ file }) => file ?? []);
  return new Map([
    [control_socket, "choose another control_socket (or WEIR_CONTROL_SOCKET)"],
    [state_dir, "choose another state_dir (or WEIR_STATE_DIR)"],
    [audit.path, "choose another audit.path"],
    ...lists.map((file) => [file, "take this list out of the configuration"] as const),
  ]);
}

/** Compiles all rules. If rules added by command do not fit the file's rules any more, the file's rules alone protect the host. */
async function compileAll(settings: Settings, dynamic: DynamicRules, thread: LoadThread): Promise<CompiledRules> {
  try {
    refuseTwins(settings, dynamic.all);
    return await thread.compile(withDynamic(settings, dynamic.all, dynamic.clock).source);
  } catch (error) {
    if (!(error instanceof RulesRefused)) throw error;
    const compiled = await thread.compile(settings.config);
    await dynamic.setAside(error.problems);
    return compiled;
  }
}
