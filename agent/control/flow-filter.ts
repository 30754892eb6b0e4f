/** Which connections `weir flows` shows. */

import type { FlowRow } from "../flows/row.ts";
import { fieldsOf, type Filter, isAt, type Tests } from "./filter.ts";
import { OWNER_TESTS, type OwnerField } from "./owner-filter.ts";

/** Addresses and ports are those of either end. */
type Field = "interface" | "direction" | "protocol" | "address" | "port" | "rule" | OwnerField;

export type FlowFilter = Filter<Field>;

export const FLOW_TESTS: Tests<FlowRow, Field> = {
  interface: (row, wanted) => row.interface === wanted,
  direction: (row, wanted) => row.direction === wanted,
  protocol: (row, wanted) => row.protocol === wanted.toLowerCase(),
  address: (row, wanted) => isAt(row.source, wanted) || isAt(row.destination, wanted),
  port: (row, wanted) => row.source.port === Number(wanted) || row.destination.port === Number(wanted),
  ...OWNER_TESTS,
  rule: (row, wanted) => row.rule === wanted,
};

export const FLOW_FILTER_FIELDS = fieldsOf(FLOW_TESTS);
