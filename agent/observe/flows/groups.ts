/** What figures about connections are added up by. */

import type { ConnectionFields, ProcessReference } from "../events/event.ts";
import type { Workload } from "../../values/workload.ts";
import { shortNames } from "../events/workload.ts";

/** Of one connection, or of many that have it in common. */
export interface Account extends Workload {
  /** Absent where nobody knows; without a pid it stands for several. */
  process?: { pid?: number; name: string; executable?: string; started?: string };
  /** Absent where it stands for several. */
  peer?: string;
  service?: string;
}

/** Of a process that nobody knows. */
export const UNKNOWN = "unknown";
/** Of a process that is known, and no part of any. */
const NONE = "none";
/** What there was no room to tell apart. */
export const OTHER = "other";

export const GROUPS = {
  process: ({ process }) => (process === undefined ? UNKNOWN : process.pid === undefined ? OTHER : `${process.name} ${process.pid}`),
  executable: ({ process }) => (process === undefined ? UNKNOWN : (process.executable ?? process.name)),
  container: (account) => partOf(account, "container"),
  pod: (account) => partOf(account, "pod"),
  unit: (account) => partOf(account, "unit"),
  peer: ({ peer }) => peer ?? OTHER,
  service: ({ service }) => service ?? OTHER,
} satisfies Record<string, (account: Account) => string>;

export type Grouping = keyof typeof GROUPS;

export const GROUPINGS = Object.keys(GROUPS) as Grouping[];

export function accountOf(
  connection: Pick<ConnectionFields, "direction" | "protocol" | "source" | "destination" | "process" | keyof Workload>,
): Account {
  const { direction, protocol, source, destination, process, container, pod, unit } = connection;
  return {
    ...(process === undefined ? {} : { process: ownerOf(process) }),
    ...(container === undefined ? {} : { container }),
    ...(pod === undefined ? {} : { pod }),
    ...(unit === undefined ? {} : { unit }),
    peer: (direction === "ingress" ? source : destination).address,
    service: destination.port === undefined ? protocol : `${protocol} ${destination.port}`,
  };
}

function ownerOf({ pid, name, executable, started }: ProcessReference): Account["process"] & object {
  return { pid, name, ...(executable === undefined ? {} : { executable }), ...(started === undefined ? {} : { started }) };
}

function partOf(account: Account, what: keyof Workload): string {
  return account.process === undefined ? UNKNOWN : (shortNames(account)[what] ?? NONE);
}
