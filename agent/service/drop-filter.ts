/** What `weir drops` shows of the packets that others drop. */

import type { DropRow } from "../observe/flows/drop-row.ts";
import { CONNECTION_TESTS, type ConnectionField } from "./connection-filter.ts";
import { fieldsOf, type Filter, type Tests } from "./filter.ts";

type Field = ConnectionField | "by" | "reason" | "all";

export type DropFilter = Filter<Field>;

export const DROP_TESTS: Tests<DropRow, Field> = {
  by: (row, wanted) => row.by === wanted.toLowerCase(),
  reason: (row, wanted) => row.reason === wanted.toLowerCase(),
  ...CONNECTION_TESTS,
  all: () => true,
};

/** What nobody misses is shown to who asks for all, or for its very reason. */
export function isShown(row: DropRow, filter: DropFilter): boolean {
  return row.ordinary !== true || filter.all !== undefined || filter.reason !== undefined;
}

export const DROP_FILTER_FIELDS = fieldsOf(DROP_TESTS);
