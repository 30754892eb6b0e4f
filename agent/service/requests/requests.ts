/**
 * The JSON Schemas of all requests, by operation. They are the only definition of keys, filters, limits and defaults. Validators are
 * compiled from them, and the types of requests and the options of the command line follow from them. In a schema of a key, `title`
 * is how `--help` calls the value, and `description` is the text beside it.
 */

import type { Schema, Valued, Written } from "../../values/json-schema.ts";
import { ADD_BANS, ADD_MEMBERS, DELETE_BANS, FIND_SETS, LIST_BANS, LIST_MEMBERS, LIST_SETS, REMOVE_MEMBERS } from "./networks.ts";
import { CALLS, DROPS, FLOWS, SOCKETS, STATISTICS, TOP, WATCH } from "./observation.ts";
import { ADD_RULE, DELETE_RULES, FIND_RULE, LIST_RULES, MOVE_RULE } from "./rules.ts";
import { METRICS, POLICY, RELOAD, SET_MODE, STATUS } from "./settings.ts";

export const REQUESTS = {
  status: STATUS,
  listRules: LIST_RULES,
  findRule: FIND_RULE,
  addRule: ADD_RULE,
  deleteRules: DELETE_RULES,
  moveRule: MOVE_RULE,
  listBans: LIST_BANS,
  addBans: ADD_BANS,
  deleteBans: DELETE_BANS,
  listSets: LIST_SETS,
  listMembers: LIST_MEMBERS,
  addMembers: ADD_MEMBERS,
  removeMembers: REMOVE_MEMBERS,
  findSets: FIND_SETS,
  drops: DROPS,
  flows: FLOWS,
  sockets: SOCKETS,
  statistics: STATISTICS,
  top: TOP,
  watch: WATCH,
  calls: CALLS,
  policy: POLICY,
  metrics: METRICS,
  setMode: SET_MODE,
  reload: RELOAD,
} as const satisfies Record<string, Schema>;

export type Operation = keyof typeof REQUESTS;

/** A request after its defaults are filled in. */
export type Requested<Name extends Operation> = Valued<(typeof REQUESTS)[Name]>;

/** A request as its operation gets it. The session is a part of the caller there. */
export type Asked<Name extends Operation> = Omit<Requested<Name>, "session">;

/** A request as a caller writes it. Keys with a default may be left out. */
export type Sent<Name extends Operation> = Omit<Written<(typeof REQUESTS)[Name]>, "session">;
