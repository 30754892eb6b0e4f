/** Which sockets `weir sockets` shows. */

import type { SocketRow } from "../sockets/row.ts";
import { fieldsOf, type Filter, type Tests } from "./filter.ts";

/** Addresses and ports are those of either end, a process is its name or its pid. */
type Field = "protocol" | "state" | "address" | "port" | "process" | "rule";

export type SocketFilter = Filter<Field>;

export const SOCKET_TESTS: Tests<SocketRow, Field> = {
  protocol: (row, wanted) => row.protocol === wanted.toLowerCase(),
  state: (row, wanted) => row.state === wanted.toLowerCase(),
  address: (row, wanted) => row.local.address === wanted || row.remote?.address === wanted,
  port: (row, wanted) => row.local.port === Number(wanted) || row.remote?.port === Number(wanted),
  process: (row, wanted) => row.process?.name === wanted || row.process?.pid === Number(wanted),
  rule: (row, wanted) => row.rule === wanted,
};

export const SOCKET_FILTER_FIELDS = fieldsOf(SOCKET_TESTS);
