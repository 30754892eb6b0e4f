/** Rows that have an owner, narrowed to some of them: the same for each command that shows such rows. */

import type { ProcessReference, Workload } from "../events/event.ts";
import { shortNames } from "../events/workload.ts";
import type { OptionSpec } from "./arguments.ts";
import type { Tests } from "./filter.ts";
import type { Column } from "./format.ts";

type Owned = Workload & { process?: ProcessReference };

/** A process is its name or its pid, a container its name or how its identifier begins, a pod its UID. */
export type OwnerField = "process" | "container" | "pod" | "unit";

export const OWNER_TESTS: Tests<Owned, OwnerField> = {
  process: ({ process }, wanted) => process?.name === wanted || process?.pid === Number(wanted),
  container: ({ container }, wanted) => container !== undefined && (container.name === wanted || container.id.startsWith(wanted)),
  pod: ({ pod }, wanted) => pod?.uid === wanted,
  unit: ({ unit }, wanted) => unit === wanted,
};

export const OWNER_FILTERS: Record<OwnerField, OptionSpec> = {
  process: { value: "NAME|PID", about: "only of this process" },
  container: { value: "NAME|ID", about: "only of this container; the first letters of its identifier are enough" },
  pod: { value: "UID", about: "only of this pod" },
  unit: { value: "NAME", about: "only of this unit of systemd, as nginx.service" },
};

export const PART_OF: Column<Owned> = {
  title: "PART OF",
  value(row) {
    const { container, pod, unit } = shortNames(row);
    return container ?? pod ?? unit ?? "-";
  },
};
