/** What `weir drops` shows of the packets that others drop. */

import type { DropRow } from "../flows/drop-row.ts";
import { CONNECTION_TESTS, type ConnectionField } from "./connection-filter.ts";
import { fieldsOf, type Filter, type Tests } from "./filter.ts";

type Field = ConnectionField | "by" | "reason";

export type DropFilter = Filter<Field>;

export const DROP_TESTS: Tests<DropRow, Field> = {
  by: (row, wanted) => row.by === wanted.toLowerCase(),
  reason: (row, wanted) => row.reason === wanted.toLowerCase(),
  ...CONNECTION_TESTS,
};

export const DROP_FILTER_FIELDS = fieldsOf(DROP_TESTS);
