/** The groups by which figures about connections are summed. */

import type { ConnectionFields, ProcessReference } from "../events/event.ts";
import type { Workload } from "../../values/workload.ts";
import { shortNames } from "../events/workload.ts";

/** The facts that a connection, or a sum of many connections, has. */
export interface Account extends Workload {
  /** Absent if nobody knows the process. Without a pid it stands for several processes. */
  process?: { pid?: number; name: string; executable?: string; started?: string };
  /** Absent if it stands for several peers. */
  peer?: string;
  service?: string;
}

/** The group of connections whose process nobody knows. */
export const UNKNOWN = "unknown";
/** The group of connections whose process is known and has no container, unit or the like. */
const NONE = "none";
/** The group of everything for which there was no room. */
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

/** The groups that one row of `weir top` may stand for. */
export const TOP_GROUPINGS = [...GROUPINGS, "rule", "interface"] as const;

export type TopGrouping = (typeof TOP_GROUPINGS)[number];

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
