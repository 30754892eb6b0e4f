/** A process described by options of the command line, as `--executable /usr/bin/curl --user www-data`. */

import { PROCESS_KEYS, type ProcessKey } from "../policy/fields/process.ts";
import { processOf } from "../explain/process.ts";
import type { LocalProcess } from "../policy/subject.ts";
import { type Call, type OptionSpec, UsageError } from "./arguments.ts";

const ABOUT: Record<ProcessKey, [value: string, about: string]> = {
  executable: ["PATH", "what the process on this host runs; what is not said of the process is not known"],
  command: ["TEXT", "its name and arguments, with spaces between"],
  user: ["NAME|UID", "its user"],
  parent: ["PATH,...", "executables of those above it"],
  container: ["NAME", "its container"],
  unit: ["NAME", "its systemd unit"],
  pod: ["NAME", "its Kubernetes pod, alone or as NAMESPACE/NAME"],
  namespace: ["NAME", "the pod's namespace"],
};
const NONE = "no-process";

export const PROCESS_OPTIONS: Record<string, OptionSpec> = {
  ...Object.fromEntries(PROCESS_KEYS.map((key) => [key, { value: ABOUT[key][0], about: ABOUT[key][1] }])),
  [NONE]: { about: "no process of this host has a socket for it" },
};

/** null: there is none; undefined: it is not known. */
export function describedProcess(call: Call): LocalProcess | null | undefined {
  const said = PROCESS_KEYS.filter((key) => call.has(key));
  if (call.has(NONE) && said.length > 0) throw new UsageError(`--${said[0]} describes a process, and --${NONE} says that there is none`);
  if (call.has(NONE)) return null;
  if (said.length === 0) return undefined;
  return processOf(Object.fromEntries(said.map((key) => [key, key === "parent" ? call.text(key)!.split(",") : call.text(key)!])));
}
