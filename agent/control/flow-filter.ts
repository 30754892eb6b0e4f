/** Which connections `weir flows` shows. */

import type { FlowRow } from "../flows/row.ts";
import { fieldsOf, type Filter, type Tests } from "./filter.ts";

/** Addresses and ports are those of either end, a process is its name or its pid. */
type Field = "interface" | "direction" | "protocol" | "address" | "port" | "process" | "rule";

export type FlowFilter = Filter<Field>;

export const FLOW_TESTS: Tests<FlowRow, Field> = {
  interface: (row, wanted) => row.interface === wanted,
  direction: (row, wanted) => row.direction === wanted,
  protocol: (row, wanted) => row.protocol === wanted.toLowerCase(),
  address: (row, wanted) => row.source.address === wanted || row.destination.address === wanted,
  port: (row, wanted) => row.source.port === Number(wanted) || row.destination.port === Number(wanted),
  process: (row, wanted) => row.process?.name === wanted || row.process?.pid === Number(wanted),
  rule: (row, wanted) => row.rule === wanted,
};

export const FLOW_FILTER_FIELDS = fieldsOf(FLOW_TESTS);
