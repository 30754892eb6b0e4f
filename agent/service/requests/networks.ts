/** Requests about bans and about members of sets. The operations check the networks, and say what is wrong with each one. */

import { limitOf, requestOf } from "./request.ts";
import { SESSION } from "./session.ts";
import { ENDS_ONCE, TERM } from "./term.ts";

/** The number of networks that one request may name. */
export const MOST_NETWORKS = 16_384;
const MOST_ROWS = 5000;

const NETWORKS = {
  description: "a list of addresses, prefixes and ranges",
  type: "array",
  minItems: 1,
  maxItems: MOST_NETWORKS,
  items: { description: "an address, a prefix or a range", type: "string", examples: ["192.0.2.7"] },
  examples: [["192.0.2.7", "2001:db8::/32"]],
} as const;

const NETWORKS_OR_ALL = {
  description: 'a list of addresses, prefixes and ranges, or "all"',
  anyOf: [NETWORKS, { type: "string", const: "all" }],
  examples: NETWORKS.examples,
} as const;

const CHECK_ONLY = { description: "say what would be refused, and change nothing", type: "boolean", default: false } as const;

export const PAGE = {
  network: {
    title: "ADDRESS",
    description: "only those that cover this address or prefix, and those within it",
    type: "string",
    format: "network",
    examples: ["192.0.2.7", "2001:db8::/32"],
  },
  limit: limitOf(MOST_ROWS, MOST_ROWS),
  from: { description: "`next` of the page before", type: "integer", minimum: 0, maximum: 999_999_999 },
} as const;

const SET = { description: "the name of a set", type: "string", format: "set_name", examples: ["partners"] } as const;

export const LIST_BANS = requestOf("Lists bans, the latest first.", PAGE);

export const ADD_BANS = {
  ...requestOf("Bans networks.", { networks: NETWORKS, check_only: CHECK_ONLY, ...TERM, session: SESSION }, ["networks"]),
  ...ENDS_ONCE,
} as const;

export const DELETE_BANS = requestOf("Lifts bans.", { networks: NETWORKS_OR_ALL, session: SESSION }, ["networks"]);

export const LIST_SETS = requestOf("Lists the sets.", {});

export const LIST_MEMBERS = requestOf("Lists the members of a set, the latest first.", { set: SET, ...PAGE }, ["set"]);

export const ADD_MEMBERS = {
  ...requestOf("Puts networks into a set.", { set: SET, networks: NETWORKS, check_only: CHECK_ONLY, ...TERM, session: SESSION }, [
    "set",
    "networks",
  ]),
  ...ENDS_ONCE,
} as const;

export const REMOVE_MEMBERS = requestOf(
  "Takes networks out of a set that a command put into it.",
  { set: SET, networks: NETWORKS_OR_ALL, session: SESSION },
  ["set", "networks"],
);

export const FIND_SETS = requestOf(
  "Names the sets that hold each of these addresses.",
  {
    addresses: {
      ...NETWORKS,
      description: "a list of addresses, without prefixes and ranges",
      items: { description: "an address", type: "string", format: "address", examples: ["192.0.2.7"] },
      examples: [["192.0.2.7"]],
    },
  },
  ["addresses"],
);
