/** The column that names the container, pod or unit of a row's process. */

import { shortNames } from "../observe/events/workload.ts";
import type { Owned } from "../service/owner-filter.ts";
import type { Column } from "./table.ts";

export const PART_OF: Column<Owned> = {
  title: "PART OF",
  narrow: "middle",
  least: 12,
  value(row) {
    const { container, pod, unit } = shortNames(row);
    return container ?? pod ?? unit ?? "-";
  },
};
