/** Which connections `weir flows` shows. The same filter serves the flags, the query string and the agent. */

import type { FlowRow } from "../flows/row.ts";

export interface FlowFilter {
  interface?: string;
  direction?: string;
  protocol?: string;
  /** Of either end. */
  address?: string;
  /** Of either end. */
  port?: string;
  /** Its name or its pid. */
  process?: string;
  rule?: string;
}

type Test = (row: FlowRow, wanted: string) => boolean;

const TESTS: Record<keyof FlowFilter, Test> = {
  interface: (row, wanted) => row.interface === wanted,
  direction: (row, wanted) => row.direction === wanted,
  protocol: (row, wanted) => row.protocol === wanted.toLowerCase(),
  address: (row, wanted) => row.source.address === wanted || row.destination.address === wanted,
  port: (row, wanted) => row.source.port === Number(wanted) || row.destination.port === Number(wanted),
  process: (row, wanted) => row.process?.name === wanted || row.process?.pid === Number(wanted),
  rule: (row, wanted) => row.rule === wanted,
};

export const FLOW_FILTER_FIELDS = Object.keys(TESTS) as (keyof FlowFilter)[];

export function matchesFlow(row: FlowRow, filter: FlowFilter): boolean {
  return FLOW_FILTER_FIELDS.every((field) => {
    const wanted = filter[field];
    return wanted === undefined || TESTS[field](row, wanted);
  });
}
