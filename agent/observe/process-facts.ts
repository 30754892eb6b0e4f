/** The users and control groups of this host, as rules about processes need them. */

import type { Workload } from "../values/workload.ts";

export interface User {
  name: string;
  uid: number;
}

export interface ProcessFacts {
  users(): readonly User[];
  /** Yields every control group with the workload that its path tells. */
  groups(): Iterable<readonly [cgroup: bigint, workload: Workload]>;
  /** Returns the workload with the names that are known by now. */
  named(workload: Workload): Workload;
  /** True if the path of a group tells everything that its processes are part of. */
  groupsTellAll: boolean;
}
