/** Filters of live connections. */

import type { FlowRow } from "../observe/flows/row.ts";
import { CONNECTION_FILTERS, CONNECTION_TESTS } from "./connection-filter.ts";
import type { Filters, Tests } from "./filter.ts";

export const FLOW_FILTERS = {
  ...CONNECTION_FILTERS,
  rule: { title: "NAME", description: "only connections that this rule decided", type: "string", examples: ["no-telnet-in"] },
} as const satisfies Filters;

export const FLOW_TESTS: Tests<FlowRow, typeof FLOW_FILTERS> = {
  ...CONNECTION_TESTS,
  rule: (row, wanted) => row.rule === wanted,
};
