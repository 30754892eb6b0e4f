/** Finds the agent and its files. */

import { lstatSync } from "node:fs";
import type { Settings } from "../../config/settings.ts";
import type { Call } from "./arguments.ts";
import { ControlClient } from "../api/client.ts";
import type { AuditFiles } from "../service/contract.ts";
import { Refusal } from "../values/refusal.ts";
import { pathFromEnvironment } from "../values/environment.ts";
import { codeOf } from "../values/error-code.ts";

/** The default of config/schema.json, which takes much longer to load. */
const DEFAULT_SOCKET = "/run/weir/control.sock";

export async function clientFor(call: Call): Promise<ControlClient> {
  return new ControlClient(await socketPath(call));
}

/** The order is: the option, the environment, the file that was named, the usual place, and the socket in the usual file. */
async function socketPath(call: Call): Promise<string> {
  const named = call.text("socket") ?? pathFromEnvironment("WEIR_CONTROL_SOCKET");
  if (named !== undefined) return named;
  if (call.has("config")) return (await settingsFor(call)).config.control_socket;
  if (mayExist(DEFAULT_SOCKET)) return DEFAULT_SOCKET;
  // If the file is broken by now, the agent may still run with the last good one.
  return settingsFor(call).then(
    ({ config }) => config.control_socket,
    () => DEFAULT_SOCKET,
  );
}

function mayExist(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true; // this user may not look; the connection will report that better
  }
}

/** Returns the files of the log that is named, else those of the running agent, else those in the configuration. */
export async function auditFilesFor(call: Call, named?: string): Promise<{ path: string; head: string | null }> {
  const files = named === undefined ? await ownAuditFiles(call) : { path: named, head: call.text("head") ?? null };
  const { isAnyOfLog } = await import("../../audit/file.ts");
  if (await isAnyOfLog(files.path)) return files;
  throw new Refusal(`There is no audit log at ${files.path}.`, { next: "Name the log, or the configuration that does with --config." });
}

async function ownAuditFiles(call: Call): Promise<AuditFiles> {
  try {
    return (await (await clientFor(call)).status()).audit;
  } catch (error) {
    if (!["ENOENT", "ECONNREFUSED"].includes(codeOf((error as Error).cause))) throw error;
  }
  const { config } = await settingsFor(call);
  const { auditHead } = await import("../../config/settings.ts");
  return { path: config.audit.path, head: auditHead(config) };
}

/** Loads the configuration. The schema and the YAML reader take time, so only commands that need them load them. */
export async function settingsFor(call: Call): Promise<Settings> {
  const { ConfigRefused, readSettings } = await import("../../config/settings.ts");
  try {
    return await readSettings({ config: call.text("config"), stateDirectory: call.text("state-dir") });
  } catch (error) {
    if (!(error instanceof ConfigRefused)) throw error;
    throw new Refusal("The configuration is not valid.", {
      kind: "invalid",
      details: error.problems,
      next: "Correct the file, and try again.",
      cause: error,
    });
  }
}
