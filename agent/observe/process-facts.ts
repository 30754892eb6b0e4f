/** The users and control groups of this host, as rules about processes need them. */

import type { Workload } from "../values/workload.ts";

export interface User {
  name: string;
  uid: number;
}

export interface ProcessFacts {
  users(): readonly User[];
  /** Every control group that there is, with what its path tells. */
  groups(): Iterable<readonly [cgroup: bigint, workload: Workload]>;
  /** With the names that are known by now. */
  named(workload: Workload): Workload;
  /** Whether a group tells all that its processes are part of. */
  groupsTellAll: boolean;
}
