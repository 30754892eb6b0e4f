/** Which connections `weir flows` shows. */

import type { FlowRow } from "../observe/flows/row.ts";
import { CONNECTION_TESTS, type ConnectionField } from "./connection-filter.ts";
import { fieldsOf, type Filter, type Tests } from "./filter.ts";

type Field = ConnectionField | "rule";

export type FlowFilter = Filter<Field>;

export const FLOW_TESTS: Tests<FlowRow, Field> = {
  ...CONNECTION_TESTS,
  rule: (row, wanted) => row.rule === wanted,
};

export const FLOW_FILTER_FIELDS = fieldsOf(FLOW_TESTS);
