/** Rows about connections, narrowed to some of them: the same for each command that shows such rows. */

import type { ConnectionFields } from "../observe/events/event.ts";
import type { Endpoint } from "../values/traffic.ts";
import { type FilterTexts, isAt, type Tests } from "./filter.ts";
import { OWNER_FILTERS, OWNER_TESTS, type OwnerField } from "./owner-filter.ts";

/** Addresses and ports are those of either end, on either side of address translation. */
export type ConnectionField = "interface" | "direction" | "protocol" | "address" | "port" | OwnerField;

export const CONNECTION_TESTS: Tests<Omit<ConnectionFields, "time" | "rule">, ConnectionField> = {
  interface: (row, wanted) => row.interface === wanted,
  direction: (row, wanted) => row.direction === wanted,
  protocol: (row, wanted) => row.protocol === wanted.toLowerCase(),
  address: (row, wanted) => endsOf(row).some((end) => isAt(end, wanted)),
  port: (row, wanted) => endsOf(row).some(({ port }) => port === Number(wanted)),
  ...OWNER_TESTS,
};

function endsOf({ source, destination, nat }: Pick<ConnectionFields, "source" | "destination" | "nat">): Endpoint[] {
  return [source, destination, ...(nat === undefined ? [] : [nat.source, nat.destination])];
}

export const CONNECTION_FILTERS: FilterTexts<ConnectionField> = {
  interface: { value: "NAME", about: "only on this interface" },
  direction: { value: "WHICH", about: "only opened in this direction: ingress or egress" },
  protocol: { value: "NAME", about: "only this protocol, as tcp, udp, icmp" },
  address: { value: "ADDRESS", about: "only with this address at either end" },
  port: { value: "NUMBER", about: "only with this port at either end" },
  ...OWNER_FILTERS,
};
