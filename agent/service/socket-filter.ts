/** Which sockets `weir sockets` shows. */

import type { SocketRow } from "../observe/sockets/row.ts";
import { fieldsOf, type Filter, isAt, type Tests } from "./filter.ts";
import { OWNER_TESTS, type OwnerField } from "./owner-filter.ts";

/** Addresses and ports are those of either end. */
type Field = "protocol" | "state" | "address" | "port" | "rule" | OwnerField;

export type SocketFilter = Filter<Field>;

export const SOCKET_TESTS: Tests<SocketRow, Field> = {
  protocol: (row, wanted) => row.protocol === wanted.toLowerCase(),
  state: (row, wanted) => row.state === wanted.toLowerCase(),
  address: (row, wanted) => isAt(row.local, wanted) || isAt(row.remote, wanted),
  port: (row, wanted) => row.local?.port === Number(wanted) || row.remote?.port === Number(wanted),
  ...OWNER_TESTS,
  rule: (row, wanted) => row.rule === wanted,
};

export const SOCKET_FILTER_FIELDS = fieldsOf(SOCKET_TESTS);
