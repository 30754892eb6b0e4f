/** Filters of rows that have an owner: a process, a container, a pod or a unit. */

import type { ProcessReference } from "../observe/events/event.ts";
import type { Workload } from "../values/workload.ts";
import { shortPod } from "../observe/events/workload.ts";
import type { Filters, Tests } from "./filter.ts";

export type Owned = Workload & { process?: Pick<ProcessReference, "name"> & { pid?: number } };

export const OWNER_FILTERS = {
  process: { title: "NAME|PID", description: "only of this process", type: "string", examples: ["curl", "4711"] },
  container: {
    title: "NAME|ID",
    description: "only of this container; the first letters of its identifier are enough",
    type: "string",
    examples: ["web", "3f2a1bc4"],
  },
  pod: {
    title: "NAME|UID",
    description: "only of this pod; its name may have the namespace before it, as shop/web-0",
    type: "string",
    examples: ["shop/web-0"],
  },
  unit: { title: "NAME", description: "only of this unit of systemd, as nginx.service", type: "string", examples: ["nginx.service"] },
} as const satisfies Filters;

export const OWNER_TESTS: Tests<Owned, typeof OWNER_FILTERS> = {
  process: ({ process }, wanted) => process?.name === wanted || process?.pid === Number(wanted),
  container: ({ container }, wanted) => container !== undefined && (container.name === wanted || container.id.startsWith(wanted)),
  pod: ({ pod }, wanted) => pod !== undefined && [pod.uid, pod.name, shortPod(pod)].includes(wanted),
  unit: ({ unit }, wanted) => unit === wanted,
};
