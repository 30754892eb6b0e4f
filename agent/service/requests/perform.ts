/** Checks a request and carries it out. All transports use this. */

import type { AgentControl, Awaitable, Caller } from "../contract.ts";
import { judged } from "./judge.ts";
import type { Asked, Operation } from "./requests.ts";

/** Each transport streams in its own way. */
export type Performed = Exclude<Operation, "watch" | "calls">;

const PERFORMERS: { readonly [Name in Performed]: (control: AgentControl, asked: Asked<Name>, caller: Caller) => Awaitable<unknown> } = {
  status: ({ state }) => state.status(),
  policy: ({ state }) => state.policy(),
  metrics: ({ state }) => state.metrics(),
  setMode: ({ mode }, asked, caller) => mode.set(asked, caller),
  reload: ({ config }, _asked, caller) => config.reload(caller),
  listRules: ({ rules }) => rules.list(),
  findRule: ({ rules }, asked) => rules.find(asked),
  addRule: ({ rules }, asked, caller) => rules.add(asked, caller),
  deleteRules: ({ rules }, asked, caller) => rules.delete(asked, caller),
  moveRule: ({ rules }, asked, caller) => rules.move(asked, caller),
  listBans: ({ bans }, asked) => bans.list(asked),
  addBans: ({ bans }, asked, caller) => bans.add(asked, caller),
  deleteBans: ({ bans }, asked, caller) => bans.delete(asked, caller),
  listSets: ({ sets }) => sets.list(),
  listMembers: ({ sets }, asked) => sets.members(asked),
  addMembers: ({ sets }, asked, caller) => sets.add(asked, caller),
  removeMembers: ({ sets }, asked, caller) => sets.remove(asked, caller),
  findSets: ({ sets }, asked) => sets.holding(asked),
  drops: ({ observation }, asked) => observation.drops(asked),
  flows: ({ observation }, asked) => observation.flows(asked),
  sockets: ({ observation }, asked) => observation.sockets(asked),
  statistics: ({ observation }, asked) => observation.statistics(asked),
  top: ({ observation }, asked) => observation.top(asked),
};

/** Throws a `malformed` Refusal if the request is not exactly one for this operation, and everything that the operation throws. */
export function perform<Name extends Performed>(
  operation: Name,
  request: unknown,
  control: AgentControl,
  caller: Caller,
): Awaitable<unknown> {
  const { session, ...asked } = judged(operation, request) as Asked<Name> & Pick<Caller, "session">;
  return PERFORMERS[operation](control, asked as unknown as Asked<Name>, session === undefined ? caller : { ...caller, session });
}
