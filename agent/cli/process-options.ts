/** Reads a process from options such as `--executable /usr/bin/curl --user www-data`. */

import { PROCESS_KEYS, type ProcessKey } from "../policy/fields/process.ts";
import { processOf } from "../explain/process.ts";
import type { LocalProcess } from "../policy/subject.ts";
import { type Call, type OptionSpec, UsageError } from "./arguments.ts";

const ABOUT: Record<ProcessKey, [value: string, about: string]> = {
  executable: ["PATH", "path of the program of the local process; a part that you leave out is unknown"],
  command: ["TEXT", "command line of the process"],
  user: ["NAME|UID", "user of the process"],
  parent: ["PATH,...", "paths of the programs of the processes above it"],
  container: ["NAME", "container of the process"],
  unit: ["NAME", "systemd unit of the process"],
  pod: ["NAME", "Kubernetes pod of the process, alone or as NAMESPACE/NAME"],
  namespace: ["NAME", "Kubernetes namespace of the pod"],
};
const NONE = "no-process";

export const PROCESS_OPTIONS: Record<string, OptionSpec> = {
  ...Object.fromEntries(PROCESS_KEYS.map((key) => [key, { value: ABOUT[key][0], about: ABOUT[key][1] }])),
  [NONE]: { about: "no local process has a socket for the packet" },
};

/** Returns null if there is none, and undefined if it is not known. */
export function describedProcess(call: Call): LocalProcess | null | undefined {
  const said = PROCESS_KEYS.filter((key) => call.has(key));
  if (call.has(NONE) && said.length > 0) throw new UsageError(`--${said[0]} describes a process, and --${NONE} says that there is none`);
  if (call.has(NONE)) return null;
  if (said.length === 0) return undefined;
  return processOf(Object.fromEntries(said.map((key) => [key, key === "parent" ? call.text(key)!.split(",") : call.text(key)!])));
}
