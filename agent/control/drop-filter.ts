/** What `weir drops` shows of the packets that others drop. */

import type { DropRow } from "../flows/drop-row.ts";
import { fieldsOf, type Filter, isAt, type Tests } from "./filter.ts";
import { OWNER_TESTS, type OwnerField } from "./owner-filter.ts";

/** Addresses and ports are those of either end. */
type Field = "by" | "reason" | "interface" | "direction" | "protocol" | "address" | "port" | OwnerField;

export type DropFilter = Filter<Field>;

export const DROP_TESTS: Tests<DropRow, Field> = {
  by: (row, wanted) => row.by === wanted.toLowerCase(),
  reason: (row, wanted) => row.reason === wanted.toLowerCase(),
  interface: (row, wanted) => row.interface === wanted,
  direction: (row, wanted) => row.direction === wanted,
  protocol: (row, wanted) => row.protocol === wanted.toLowerCase(),
  address: (row, wanted) => isAt(row.source, wanted) || isAt(row.destination, wanted),
  port: (row, wanted) => row.source.port === Number(wanted) || row.destination.port === Number(wanted),
  ...OWNER_TESTS,
};

export const DROP_FILTER_FIELDS = fieldsOf(DROP_TESTS);
