/** The HTTP method and path of each operation. GET carries the keys of a request as parameters, other methods as a JSON body. */

import type { Operation } from "../service/requests/requests.ts";

type Method = "GET" | "POST" | "PUT" | "DELETE";

interface Route {
  method: Method;
  path: string;
  /** The size in bytes that its body may have, if it is not the usual one. */
  largest?: number;
}

/** The size in bytes of a body with as many networks as one request may name. */
const MANY_NETWORKS = 1024 * 1024;

export const ROUTES: Readonly<Record<Operation, Route>> = {
  status: { method: "GET", path: "/v1/status" },
  listRules: { method: "GET", path: "/v1/rules" },
  addRule: { method: "POST", path: "/v1/rules" },
  deleteRules: { method: "DELETE", path: "/v1/rules" },
  findRule: { method: "GET", path: "/v1/rules/one" },
  moveRule: { method: "PUT", path: "/v1/rules/place" },
  listBans: { method: "GET", path: "/v1/bans" },
  addBans: { method: "POST", path: "/v1/bans", largest: MANY_NETWORKS },
  deleteBans: { method: "DELETE", path: "/v1/bans", largest: MANY_NETWORKS },
  listSets: { method: "GET", path: "/v1/sets" },
  listMembers: { method: "GET", path: "/v1/sets/members" },
  addMembers: { method: "POST", path: "/v1/sets/members", largest: MANY_NETWORKS },
  removeMembers: { method: "DELETE", path: "/v1/sets/members", largest: MANY_NETWORKS },
  findSets: { method: "POST", path: "/v1/sets/holding", largest: MANY_NETWORKS },
  drops: { method: "GET", path: "/v1/drops" },
  flows: { method: "GET", path: "/v1/flows" },
  sockets: { method: "GET", path: "/v1/sockets" },
  statistics: { method: "GET", path: "/v1/statistics" },
  top: { method: "GET", path: "/v1/top" },
  watch: { method: "GET", path: "/v1/watch" },
  calls: { method: "GET", path: "/v1/calls" },
  policy: { method: "GET", path: "/v1/policy" },
  metrics: { method: "GET", path: "/v1/metrics" },
  setMode: { method: "PUT", path: "/v1/mode" },
  reload: { method: "POST", path: "/v1/reload" },
};
