/** The field `process` of a rule. Part of the table of fields.ts. */

import { fits } from "../values/pattern.ts";
import { PROCESS_KEYS, type ProcessConfig, type ProcessKey, textsOf } from "./processes.ts";
import type { Workload } from "../values/workload.ts";
import { BOTH_WAYS, type Field, NONE, UNKNOWN } from "./field.ts";
import { type Answer, every, some } from "./three-valued.ts";
import type { LocalProcess } from "./subject.ts";

export const PROCESS_FIELD = {
  process: {
    layer: "process",
    directions: BOTH_WAYS,
    operators: {
      executable: "runs this file",
      command: "was started with this command",
      user: "belongs to this user",
      parent: "has a process above itself that runs this file",
      container: "is in this container",
      unit: "is in this unit",
      pod: "is in this pod",
      namespace: "is in a pod of this namespace",
      several: "is all of this",
    },
    judged: "once",
    wants: ({ process }) => (process === undefined ? [] : [wantProcess(process)]),
    got: ({ process }, rule) => describe(process, namedIn(rule.process ?? {})),
  },
} satisfies Record<string, Field>;

function wantProcess(wanted: ProcessConfig) {
  const named = namedIn(wanted);
  return {
    operator: named.length === 1 ? named[0]! : "several",
    text: named.map((key) => `${key} ${textsOf(wanted, key).join(" or ")}`).join(", "),
    holds: ({ process }: { process: LocalProcess | null | undefined }): Answer => {
      if (process === null) return false;
      return every(named.map((key) => some(textsOf(wanted, key).map((text) => fitsAspect(key, text, process ?? {})))));
    },
  };
}

function namedIn(process: ProcessConfig): ProcessKey[] {
  return PROCESS_KEYS.filter((key) => textsOf(process, key).length > 0);
}

/** undefined where what it hangs on is not known. */
export function fitsAspect(key: ProcessKey, text: string, { executable, command, user, parents, workload }: LocalProcess): Answer {
  switch (key) {
    case "executable": return executable === undefined ? undefined : fits(text, executable);
    case "command": return command === undefined ? undefined : fits(text, command);
    case "user": return user && fitsUser(text, user);
    case "parent": return parents?.some((parent) => fits(text, parent));
    default: return workload && fitsWorkload(key, text, workload);
  }
}

/** A number is a user's number, and no name. */
export function fitsUser(text: string, { uid, name }: NonNullable<LocalProcess["user"]>): boolean {
  return /^[0-9]+$/.test(text) ? Number(text) === uid : name !== undefined && fits(text, name);
}

/** Names that nobody has told yet may be any. */
export function fitsWorkload(key: ProcessKey, text: string, { container, unit, pod }: Workload): Answer {
  switch (key) {
    case "unit": return unit !== undefined && fits(text, unit);
    case "container": return container === undefined ? false : fits(text, container.id) || fitsName(text, container.name);
    case "pod": return pod === undefined ? false : fitsName(text, pod.name) || fitsName(text, pod.name && `${pod.namespace}/${pod.name}`);
    default: return pod === undefined ? false : fitsName(text, pod.namespace);
  }
}

function fitsName(text: string, name: string | undefined): Answer {
  if (text.replaceAll("*", "") === "") return true;
  return name === undefined ? undefined : fits(text, name);
}

function describe(process: LocalProcess | null | undefined, wanted: readonly ProcessKey[]): string {
  if (process === null) return NONE;
  if (process === undefined) return UNKNOWN;
  const { executable, command, user, parents, workload: { container, unit, pod } = {} } = process;
  const said: Record<ProcessKey, string | undefined> = {
    executable,
    command,
    user: user && (user.name ?? String(user.uid)),
    parent: parents?.join(" < "),
    container: container?.name ?? container?.id,
    unit,
    pod: pod?.name ?? pod?.uid,
    namespace: pod?.namespace,
  };
  return wanted.map((key) => `${key} ${said[key] ?? (key in ASPECT_OF_WORKLOAD && process.workload !== undefined ? NONE : UNKNOWN)}`).join(", ");
}

const ASPECT_OF_WORKLOAD = { container: 1, unit: 1, pod: 1, namespace: 1 };
