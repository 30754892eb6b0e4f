/** Filters of sockets. */

import type { SocketRow } from "../observe/sockets/row.ts";
import { SOCKET_STATES } from "../observe/sockets/states.ts";
import { type Filters, isAt, type Tests } from "./filter.ts";
import { OWNER_FILTERS, OWNER_TESTS } from "./owner-filter.ts";

/** Addresses and ports may be those of either end. */
export const SOCKET_FILTERS = {
  protocol: {
    title: "NAME",
    description: "only sockets of tcp, udp, icmp, icmpv6, raw, packet or xdp",
    type: "string",
    examples: ["tcp"],
  },
  state: { title: "STATE", description: "only sockets in this state", type: "string", enum: SOCKET_STATES },
  address: {
    title: "ADDRESS",
    description: "only sockets with this address at either end",
    type: "string",
    format: "address",
    examples: ["192.0.2.7", "2001:db8::7"],
  },
  port: { title: "NUMBER", description: "only sockets with this port at either end", type: "integer", minimum: 0, maximum: 65535 },
  ...OWNER_FILTERS,
  rule: { title: "NAME", description: "only sockets whose connection this rule decided", type: "string", examples: ["no-telnet-in"] },
} as const satisfies Filters;

export const SOCKET_TESTS: Tests<SocketRow, typeof SOCKET_FILTERS> = {
  protocol: (row, wanted) => row.protocol === wanted.toLowerCase(),
  state: (row, wanted) => row.state === wanted,
  address: (row, wanted) => isAt(row.local, wanted) || isAt(row.remote, wanted),
  port: (row, wanted) => row.local?.port === wanted || row.remote?.port === wanted,
  ...OWNER_TESTS,
  rule: (row, wanted) => row.rule === wanted,
};
