/** Filters of rows about connections. Requests for flows and for drops share them. */

import type { ConnectionFields } from "../observe/events/event.ts";
import { DIRECTIONS, type Endpoint } from "../values/traffic.ts";
import { type Filters, isAt, type Tests } from "./filter.ts";
import { OWNER_FILTERS, OWNER_TESTS } from "./owner-filter.ts";

/** Addresses and ports may be those of either end, on either side of address translation. */
export const CONNECTION_FILTERS = {
  interface: { title: "NAME", description: "only on this interface", type: "string", examples: ["eth0"] },
  direction: { title: "WHICH", description: "only opened in this direction", type: "string", enum: DIRECTIONS },
  protocol: { title: "NAME", description: "only this protocol, as tcp, udp, icmp", type: "string", examples: ["tcp"] },
  address: {
    title: "ADDRESS",
    description: "only with this address at either end",
    type: "string",
    format: "address",
    examples: ["192.0.2.7", "2001:db8::7"],
  },
  port: { title: "NUMBER", description: "only with this port at either end", type: "integer", minimum: 0, maximum: 65535 },
  ...OWNER_FILTERS,
} as const satisfies Filters;

export const CONNECTION_TESTS: Tests<Omit<ConnectionFields, "time" | "rule">, typeof CONNECTION_FILTERS> = {
  interface: (row, wanted) => row.interface === wanted,
  direction: (row, wanted) => row.direction === wanted,
  protocol: (row, wanted) => row.protocol === wanted.toLowerCase(),
  address: (row, wanted) => endsOf(row).some((end) => isAt(end, wanted)),
  port: (row, wanted) => endsOf(row).some(({ port }) => port === wanted),
  ...OWNER_TESTS,
};

function endsOf({ source, destination, nat }: Pick<ConnectionFields, "source" | "destination" | "nat">): Endpoint[] {
  return [source, destination, ...(nat === undefined ? [] : [nat.source, nat.destination])];
}
