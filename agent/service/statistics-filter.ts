/** Filters of the connections that statistics add up. */

import type { Account } from "../observe/flows/groups.ts";
import { type Filters, isAt, type Tests } from "./filter.ts";
import { OWNER_FILTERS, OWNER_TESTS } from "./owner-filter.ts";

export const STATISTICS_FILTERS = {
  ...OWNER_FILTERS,
  executable: { title: "PATH", description: "only of processes that run this file", type: "string", examples: ["/usr/bin/curl"] },
  peer: {
    title: "ADDRESS",
    description: "only with this address at the other end",
    type: "string",
    format: "address",
    examples: ["192.0.2.7", "2001:db8::7"],
  },
  service: { title: "NAME", description: "only to this service, as 'tcp 443'", type: "string", examples: ["tcp 443"] },
} as const satisfies Filters;

export const STATISTICS_TESTS: Tests<Account, typeof STATISTICS_FILTERS> = {
  ...OWNER_TESTS,
  executable: ({ process }, wanted) => process?.executable === wanted,
  peer: ({ peer }, wanted) => peer !== undefined && isAt({ address: peer }, wanted),
  service: ({ service }, wanted) => service === wanted.toLowerCase(),
};
