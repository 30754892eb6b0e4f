/** How an agent starts: what is read and claimed before anything in the kernel is touched, and what a failed start leaves. */

import { existsSync } from "node:fs";

import { type Ground, type RunOptions, watchOver } from "./agent.ts";
import { BanStore } from "./bans/store.ts";
import { createLog } from "./control/log.ts";
import { claimSocket } from "./control/socket.ts";
import { claimStateDirectory } from "./control/state-directory.ts";
import { refuseTwins, withDynamic } from "./dynamic/check.ts";
import { DynamicRules } from "./dynamic/store.ts";
import { DataPlane } from "./kernel/dataplane.ts";
import { ensureMounted } from "./kernel/mounts.ts";
import { removeLeftovers } from "./leftovers.ts";
import { LoadThread } from "./load-thread.ts";
import { linesFor } from "./networks/memory.ts";
import { dropFrom } from "./rule-operations.ts";
import { type CompiledRules, RulesRefused } from "./rules/compile.ts";
import { pinDirectory, readSettings, type Settings } from "./settings.ts";
import { SetLibrary } from "./sets/library.ts";
import { readListAside } from "./sets/list-thread.ts";
import { listenForSignals } from "./signals.ts";

/** Runs until a signal ends it. */
export async function runAgent(options: RunOptions): Promise<number> {
  await using thread = new LoadThread();
  const settings = await readSettings(options, thread.load);
  const { config } = settings;
  const log = createLog(config.logging);
  const signals = listenForSignals(log);
  for (const warning of settings.warnings) log.warn(warning);

  // One agent a socket and a state directory; claimed before anything in the kernel is touched.
  const claim = await claimSocket(config.control_socket);
  try {
    const lock = await claimStateDirectory(config.state_dir);
    try {
      await takeOver({ options, settings, log, signals, claim }, thread);
    } finally {
      await lock.release();
    }
  } catch (error) {
    await claim.release().catch(() => {}); // the server may have released it
    throw error;
  }
  log.info("weir has stopped; nothing of it is left in the kernel");
  return 0;
}

/** What an earlier agent left in force goes on, also when this start fails; what this one began does not. */
async function takeOver(ground: Pick<Ground, "options" | "settings" | "log" | "signals" | "claim">, thread: LoadThread): Promise<void> {
  ensureMounted("bpf", "/sys/fs/bpf");
  const pins = pinDirectory(ground.settings.config);
  const found = existsSync(pins);
  try {
    const dynamic = new DynamicRules(ground.settings.config.state_dir);
    const ended = dynamic.due();
    dropFrom(dynamic, ended, (level, sentence) => ground.log[level](sentence));
    const compiled = await compileAll(ground.settings, dynamic, thread); // before anything in the kernel is touched: it says how large the tables must be
    await thread[Symbol.asyncDispose]();
    const banned = new BanStore(ground.settings.config.state_dir);
    await banned.rewriteIfDue();
    const library = new SetLibrary({ stateDirectory: ground.settings.config.state_dir, read: readListAside });
    const members = await library.open(ground.settings.config.sets);
    const capacity = { ...compiled.capacity, banLines: linesFor(banned.size), setLines: linesFor([...members.values()].reduce((sum, { size }) => sum + size, 0)) };
    await watchOver({ ...ground, pins, dynamic, ended, compiled, banned, library, members, plane: new DataPlane({ pins, capacity }) });
  } catch (error) {
    if (!found) removeLeftovers(pins);
    throw error;
  }
}

/** The file's rules protect the host also when those added by command do not go together with them any more. */
async function compileAll(settings: Settings, dynamic: DynamicRules, thread: LoadThread): Promise<CompiledRules> {
  try {
    refuseTwins(settings, dynamic.all);
    return await thread.compile(withDynamic(settings, dynamic.all, dynamic.clock).source);
  } catch (error) {
    if (!(error instanceof RulesRefused)) throw error;
    const compiled = await thread.compile(settings.config);
    dynamic.setAside(error.problems);
    return compiled;
  }
}
