/** A process as people describe it. */

import type { ProcessKey } from "../policy/fields/process.ts";
import type { ContainerReference, PodReference } from "../values/workload.ts";
import type { LocalProcess } from "../policy/subject.ts";

/** Absent parts are not known. */
export type ProcessDescription = { [Key in Exclude<ProcessKey, "parent">]?: string | number } & {
  /** The executables of the processes above it. */
  parent?: string | string[];
};

/** A description that names the container, unit or the like says that the process is part of nothing else. */
export function processOf({ executable, command, user, parent, container, unit, pod, namespace }: ProcessDescription): LocalProcess {
  const isPart = container !== undefined || unit !== undefined || pod !== undefined || namespace !== undefined;
  return {
    ...(executable === undefined ? {} : { executable: String(executable) }),
    ...(command === undefined ? {} : { command: String(command) }),
    ...(user === undefined ? {} : { user: userOf(String(user)) }),
    ...(parent === undefined ? {} : { parents: [parent].flat() }),
    ...(isPart
      ? {
          workload: {
            ...(container === undefined
              ? {}
              : { container: { id: String(container), name: String(container) } satisfies ContainerReference }),
            ...(unit === undefined ? {} : { unit: String(unit) }),
            ...(pod === undefined && namespace === undefined
              ? {}
              : { pod: podOf(pod === undefined ? undefined : String(pod), namespace === undefined ? undefined : String(namespace)) }),
          },
        }
      : {}),
  };
}

/** A number is a user's number. No user has the number -1. */
function userOf(text: string): NonNullable<LocalProcess["user"]> {
  return /^[0-9]+$/.test(text) ? { uid: Number(text) } : { uid: -1, name: text };
}

function podOf(text: string | undefined, namespace: string | undefined): PodReference {
  const [before, name] = text?.includes("/") ? text.split("/", 2) : [namespace, text];
  return { uid: "", ...(name === undefined ? {} : { name }), ...(before === undefined ? {} : { namespace: before }) };
}
