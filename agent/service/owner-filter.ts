/** Rows that have an owner, narrowed to some of them: the same for each command that shows such rows. */

import type { ProcessReference } from "../observe/events/event.ts";
import type { Workload } from "../values/workload.ts";
import { shortPod } from "../observe/events/workload.ts";
import type { FilterTexts, Tests } from "./filter.ts";

export type Owned = Workload & { process?: Pick<ProcessReference, "name"> & { pid?: number } };

/** A process is its name or its pid, a container its name or how its identifier begins, a pod its UID or its name. */
export type OwnerField = "process" | "container" | "pod" | "unit";

export const OWNER_TESTS: Tests<Owned, OwnerField> = {
  process: ({ process }, wanted) => process?.name === wanted || process?.pid === Number(wanted),
  container: ({ container }, wanted) => container !== undefined && (container.name === wanted || container.id.startsWith(wanted)),
  pod: ({ pod }, wanted) => pod !== undefined && [pod.uid, pod.name, shortPod(pod)].includes(wanted),
  unit: ({ unit }, wanted) => unit === wanted,
};

export const OWNER_FILTERS: FilterTexts<OwnerField> = {
  process: { value: "NAME|PID", about: "only of this process" },
  container: { value: "NAME|ID", about: "only of this container; the first letters of its identifier are enough" },
  pod: { value: "NAME|UID", about: "only of this pod; its name may have the namespace before it, as shop/web-0" },
  unit: { value: "NAME", about: "only of this unit of systemd, as nginx.service" },
};
