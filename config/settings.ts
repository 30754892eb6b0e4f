/** Which configuration holds, and where weir keeps its things. */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

import { defaultConfig } from "./defaults.ts";
import { looker } from "../agent/files/looker.ts";
import { formatProblem, type Loaded, loadConfig } from "./load.ts";
import { pathFromEnvironment } from "../agent/values/environment.ts";
import { timesOf } from "../agent/files/watch.ts";
import type { WeirConfig } from "./types.ts";

export const DEFAULT_CONFIG_PATH = "/etc/weir/weir.yaml";
export const BPF_ROOT = "/sys/fs/bpf";
/** A running agent waits so long for a file. */
const PATIENCE_MS = 5000;

export interface Settings {
  config: WeirConfig;
  /** null: no file was given and none is at the default path. */
  path: string | null;
  /** Where a rule was written, as `weir.yaml:12`. */
  sourceOf(rule: number): string;
  warnings: string[];
  /** Of the file before it was read, see timesOf; empty where the settings are of no file. */
  times: string;
  /** Where the file is refused: why, and what holds instead. */
  refused?: { problems: readonly string[]; inForce: "last good" | "built-in" };
}

/** For a sentence about a file that is refused. */
export function holdsInstead({ inForce }: NonNullable<Settings["refused"]>): string {
  return inForce === "last good"
    ? "the last good rules stay in force"
    : "there is no last good one, so that weir observes with its built-in defaults";
}

/** The file is not valid. Each problem is a sentence with its place. */
export class ConfigRefused extends Error {
  readonly problems: string[];

  constructor(path: string, problems: string[]) {
    super(`${path} is not valid: ${problems[0] ?? "it cannot be read"}${problems.length > 1 ? ` (and ${problems.length - 1} more)` : ""}`);
    this.name = "ConfigRefused";
    this.problems = problems;
  }
}

export interface SettingsOptions {
  config?: string | undefined;
  socket?: string | undefined;
  stateDirectory?: string | undefined;
}

/** Reads a file: here, or in a thread of its own. `calledPath`: what messages call it, and where its relative paths begin. */
export type Load = (
  path: string,
  calledPath?: string,
) => Promise<Omit<Extract<Loaded, { ok: true }>, "locate"> | Extract<Loaded, { ok: false }>>;

/** null: no file was given and none is at the default path. */
export function configPathOf({ config }: SettingsOptions): string | null {
  return config ?? (existsSync(DEFAULT_CONFIG_PATH) ? DEFAULT_CONFIG_PATH : null);
}

/** Throws ConfigRefused if the file does not answer. To be called before anything else touches it. */
export async function refuseSilent({ config = DEFAULT_CONFIG_PATH }: SettingsOptions): Promise<void> {
  if (await looker.isSilent(config, PATIENCE_MS))
    throw new ConfigRefused(config, [`${config} does not answer; check its file system (df ${config})`]);
}

/** A file that was asked for must be there; the default one may be missing. Flags and environment win over the file. */
export async function readSettings(options: SettingsOptions, load: Load = loadConfig): Promise<Settings> {
  const path = configPathOf(options);
  if (path === null) return { config: override(defaultConfig(), options), path, times: "", sourceOf: () => "built-in", warnings: [] };
  const times = await timesOf(path);
  const loaded = await load(path);
  if (!loaded.ok) throw new ConfigRefused(path, loaded.problems.map(formatProblem));
  return settingsOf(loaded, path, options, times);
}

export function settingsOf(
  loaded: Extract<Awaited<ReturnType<Load>>, { ok: true }>,
  path: string,
  options: SettingsOptions,
  times: string,
): Settings {
  const { name, ruleLines } = loaded; // what is asked for later need not hold the rest
  return {
    config: override(loaded.config, options),
    path,
    times,
    sourceOf: (rule) => `${name}:${ruleLines[rule] ?? 0}`,
    warnings: loaded.warnings.map(formatProblem),
  };
}

export function override(config: WeirConfig, options: SettingsOptions): WeirConfig {
  const state = options.stateDirectory ?? pathFromEnvironment("WEIR_STATE_DIR");
  const socket = options.socket ?? pathFromEnvironment("WEIR_CONTROL_SOCKET");
  return { ...config, ...(state ? { state_dir: resolve(state) } : {}), ...(socket ? { control_socket: resolve(socket) } : {}) };
}

/** Each state directory has pins of its own, so that agents with different ones do not meet. */
export function pinDirectory(config: Pick<WeirConfig, "state_dir">): string {
  const directory = resolve(config.state_dir);
  if (directory === defaultConfig().state_dir) return join(BPF_ROOT, "weir");
  return join(BPF_ROOT, `weir-${createHash("sha256").update(directory).digest("hex").slice(0, 10)}`);
}

export function auditHead(config: WeirConfig): string {
  return join(config.state_dir, "audit.head");
}
