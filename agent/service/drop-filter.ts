/** Filters of the packets that others drop. */

import type { DropRow } from "../observe/flows/drop-row.ts";
import { DROPPERS } from "../observe/flows/droppers.ts";
import { CONNECTION_FILTERS, CONNECTION_TESTS } from "./connection-filter.ts";
import type { Filter, Filters, Tests } from "./filter.ts";

export const DROP_FILTERS = {
  by: { title: "WHOM", description: "only drops by one of these", type: "string", enum: DROPPERS },
  reason: {
    title: "NAME",
    description: "only drops for this reason, as the kernel names it: no_socket",
    type: "string",
    examples: ["no_socket"],
  },
  ...CONNECTION_FILTERS,
  direction: { ...CONNECTION_FILTERS.direction, description: "only coming in, or only going out" },
  all: {
    description: "also harmless drops: ends of healthy connections, answers to ping, weir's own attempts to reach its collector",
    type: "boolean",
    default: false,
  },
} as const satisfies Filters;

export type DropFilter = Filter<typeof DROP_FILTERS>;

export const DROP_TESTS: Tests<DropRow, typeof DROP_FILTERS> = {
  by: (row, wanted) => row.by === wanted,
  reason: (row, wanted) => row.reason === wanted.toLowerCase(),
  ...CONNECTION_TESTS,
  // isShown judges `all` together with the reason.
  all: () => true,
};

/** Tells whether a row is shown. An ordinary drop, which nobody misses, is shown if the request has `all` or a reason. */
export function isShown(row: DropRow, filter: DropFilter): boolean {
  return row.ordinary !== true || filter.all === true || filter.reason !== undefined;
}
