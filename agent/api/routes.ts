/** What can be asked on the control socket, apart from the stream of events. */

import type { AgentControl, Awaitable, Caller } from "../service/contract.ts";
import { Refusal } from "../values/refusal.ts";
import { GROUPINGS } from "../observe/flows/groups.ts";
import { TOP_GROUPINGS } from "../observe/flows/top.ts";
import { STATISTICS_ORDER_NAMES } from "../observe/statistics/row.ts";
import { type Filter, filterFrom } from "../service/filter.ts";
import { DROP_FILTER_FIELDS } from "../service/drop-filter.ts";
import { FLOW_FILTER_FIELDS } from "../service/flow-filter.ts";
import { checkedAddresses, checkedBans, checkedNewBans, checkedSetName, LARGEST_BODY } from "./ban-request.ts";
import { checkedIds, checkedNewRule, checkedPlace } from "./rule-request.ts";
import { checkedSession } from "../values/session.ts";
import { SOCKET_FILTER_FIELDS } from "../service/socket-filter.ts";
import { STATISTICS_FILTER_FIELDS } from "../service/statistics-filter.ts";
import { judged } from "../service/requests/judge.ts";
import { HttpRefusal } from "./http-status.ts";

export const FLOW_LIMIT = 10_000;
const FLOW_DEFAULT = 100;
const TOP_DEFAULT = 20;
/** Of one page. */
const BAN_LIMIT = 5000;

export interface Route {
  method: string;
  url: URL;
  /** Refused where it is larger than `most` bytes, which is what most requests may be without it. */
  body: (most?: number) => Promise<string>;
  caller: Caller;
}

/** A string is sent as text, anything else as JSON. */
type Handler = (control: AgentControl, route: Route) => Awaitable<unknown>;

const ROUTES: Record<string, Record<string, Handler>> = {
  "/v1/status": { GET: (control) => control.state.status() },
  "/v1/rules": { GET: (control) => control.rules.list(), POST: addRule, DELETE: deleteRules },
  "/v1/rules/one": { GET: oneRule },
  "/v1/rules/place": { PUT: moveRule },
  "/v1/bans": { GET: bans, POST: addBans, DELETE: deleteBans },
  "/v1/sets": { GET: (control) => control.sets.list() },
  "/v1/sets/members": { GET: members, POST: addMembers, DELETE: removeMembers },
  "/v1/sets/holding": { POST: setsHolding },
  "/v1/drops": { GET: rowsBy(DROP_FILTER_FIELDS, (control, ...asked) => control.observation.drops(...asked)) },
  "/v1/flows": { GET: rowsBy(FLOW_FILTER_FIELDS, (control, ...asked) => control.observation.flows(...asked)) },
  "/v1/sockets": { GET: rowsBy(SOCKET_FILTER_FIELDS, (control, ...asked) => control.observation.sockets(...asked)) },
  "/v1/statistics": { GET: statistics },
  "/v1/top": { GET: top },
  "/v1/watch": {}, // GET, which watchers.ts answers
  "/v1/policy": { GET: (control) => control.state.policy() },
  "/v1/metrics": { GET: (control) => control.state.metrics() },
  "/v1/mode": { PUT: setMode },
  "/v1/reload": { POST: reload },
};

const WITH_PARAMETERS = [
  "/v1/bans",
  "/v1/sets/members",
  "/v1/drops",
  "/v1/flows",
  "/v1/rules/one",
  "/v1/sockets",
  "/v1/statistics",
  "/v1/top",
];

export async function answer(route: Route, control: AgentControl): Promise<unknown> {
  const { pathname } = route.url;
  const methods = Object.hasOwn(ROUTES, pathname) ? ROUTES[pathname]! : undefined;
  if (!methods) {
    throw new Refusal(`There is no ${pathname} on the control socket.`, {
      kind: "not_found",
      next: `Ask for one of ${Object.keys(ROUTES).join(", ")}.`,
    });
  }
  const handler = Object.hasOwn(methods, route.method) ? methods[route.method] : undefined;
  if (!handler) {
    const allowed = Object.keys(methods).length > 0 ? Object.keys(methods) : ["GET"];
    throw new HttpRefusal(405, `${pathname} does not know the method ${route.method}.`, {
      next: `Use ${allowed.join(" or ")}.`,
      details: allowed,
    });
  }
  if (!WITH_PARAMETERS.includes(pathname)) onlyParameters(route.url.searchParams, []);
  return handler(control, route);
}

/** A misspelt parameter must not widen what is asked for. */
export function onlyParameters(parameters: URLSearchParams, known: readonly string[]): void {
  for (const name of parameters.keys()) {
    if (known.includes(name) && parameters.getAll(name).length === 1) continue;
    throw new Refusal(known.includes(name) ? `The parameter ${name} is given twice.` : `There is no parameter ${name}.`, {
      kind: "malformed",
      next: known.length > 0 ? `Use each of ${known.join(", ")} at most once.` : "Leave it out.",
    });
  }
}

/** Rows by filters, at most so many, with hashes of what their processes run or without. */
function rowsBy<Field extends string>(
  fields: readonly Field[],
  ask: (control: AgentControl, filter: Filter<Field>, limit: number, hash: boolean) => unknown,
): Handler {
  return (control, { url }) => {
    onlyParameters(url.searchParams, [...fields, "limit", "hash"]);
    return ask(
      control,
      filterFrom(fields, (field) => url.searchParams.get(field)),
      limitOf(url, FLOW_DEFAULT, FLOW_LIMIT),
      isAsked(url, "hash"),
    );
  };
}

function isAsked({ searchParams }: URL, what: string): boolean {
  const value = searchParams.get(what);
  if (value === null || value === "true") return value !== null;
  throw new Refusal(`The parameter ${what} is not "true".`, { kind: "malformed", next: `Send ${what}=true, or leave it out.` });
}

function top(control: AgentControl, { url }: Route) {
  onlyParameters(url.searchParams, ["by", "limit"]);
  return control.observation.top(oneOf(url, "by", TOP_GROUPINGS), limitOf(url, TOP_DEFAULT, FLOW_LIMIT));
}

function statistics(control: AgentControl, { url }: Route) {
  onlyParameters(url.searchParams, [...STATISTICS_FILTER_FIELDS, "by", "order", "limit"]);
  const filter = filterFrom(STATISTICS_FILTER_FIELDS, (field) => url.searchParams.get(field));
  return control.observation.statistics(
    oneOf(url, "by", GROUPINGS),
    oneOf(url, "order", STATISTICS_ORDER_NAMES),
    filter,
    limitOf(url, FLOW_DEFAULT, FLOW_LIMIT),
  );
}

function oneOf<Word extends string>({ searchParams }: URL, parameter: string, known: readonly Word[]): Word {
  const wanted = searchParams.get(parameter);
  const word = known.find((one) => one === wanted);
  if (word !== undefined) return word;
  throw new Refusal(`There is no ${parameter} ${JSON.stringify(wanted)}.`, {
    kind: "malformed",
    next: `Send \`${parameter}\` as one of ${known.join(", ")}.`,
  });
}

function bans(control: AgentControl, { url }: Route) {
  onlyParameters(url.searchParams, ["network", "limit", "from"]);
  return control.bans.list(url.searchParams.get("network") ?? undefined, limitOf(url, BAN_LIMIT, BAN_LIMIT), fromOf(url));
}

/** Where a page begins. */
function fromOf({ searchParams }: URL): number | undefined {
  const from = searchParams.get("from");
  if (from === null) return undefined;
  if (/^[0-9]{1,9}$/.test(from)) return Number(from);
  throw new Refusal("The page does not begin where a page before said.", {
    kind: "malformed",
    next: "Send the `next` of that page as `from`.",
  });
}

function members(control: AgentControl, { url }: Route) {
  onlyParameters(url.searchParams, ["set", "network", "limit", "from"]);
  return control.sets.members(
    checkedSetName(url.searchParams.get("set")),
    url.searchParams.get("network") ?? undefined,
    limitOf(url, BAN_LIMIT, BAN_LIMIT),
    fromOf(url),
  );
}

async function addMembers(control: AgentControl, route: Route) {
  const { session, set, ...request } = await objectOf(
    route,
    ["set", "networks", "check_only", "reason", "for_s", "until", "session"],
    LARGEST_BODY,
  );
  return control.sets.add({ set: checkedSetName(set), ...checkedNewBans(request) }, callerWith(route, session));
}

async function removeMembers(control: AgentControl, route: Route) {
  const { set, networks, session } = await objectOf(route, ["set", "networks", "session"], LARGEST_BODY);
  return control.sets.remove(checkedSetName(set), checkedBans(networks), callerWith(route, session));
}

async function setsHolding(control: AgentControl, route: Route) {
  const { addresses } = await objectOf(route, ["addresses"], LARGEST_BODY);
  return control.sets.holding(checkedAddresses(addresses));
}

async function addBans(control: AgentControl, route: Route) {
  const { session, ...request } = await objectOf(route, ["networks", "check_only", "reason", "for_s", "until", "session"], LARGEST_BODY);
  return control.bans.add(checkedNewBans(request), callerWith(route, session));
}

async function deleteBans(control: AgentControl, route: Route) {
  const { networks, session } = await objectOf(route, ["networks", "session"], LARGEST_BODY);
  return control.bans.delete(checkedBans(networks), callerWith(route, session));
}

function limitOf({ searchParams }: URL, fallback: number, most: number): number {
  const limit = Number(searchParams.get("limit") ?? fallback);
  if (Number.isInteger(limit) && limit >= 1 && limit <= most) return limit;
  throw new Refusal(`The limit ${searchParams.get("limit")} is not a number from 1 to ${most}.`, {
    kind: "malformed",
    next: "Give one that is, or leave it out.",
  });
}

async function setMode(control: AgentControl, route: Route) {
  const { mode, session } = judged("setMode", await bodyOf(route));
  return control.mode.set(mode, callerWith(route, session));
}

async function reload(control: AgentControl, route: Route) {
  const { session } = judged("reload", await bodyOf(route));
  return control.config.reload(callerWith(route, session));
}

function oneRule(control: AgentControl, { url }: Route) {
  onlyParameters(url.searchParams, ["which"]);
  return control.rules.find(url.searchParams.get("which") ?? "");
}

async function addRule(control: AgentControl, route: Route) {
  const { session, ...request } = await objectOf(route, ["rule", "place", "reason", "for_s", "until", "session"]);
  return control.rules.add(checkedNewRule(request), callerWith(route, session));
}

async function deleteRules(control: AgentControl, route: Route) {
  const { ids, session } = await objectOf(route, ["ids", "session"]);
  return control.rules.delete(checkedIds(ids), callerWith(route, session));
}

async function moveRule(control: AgentControl, route: Route) {
  const { id, place, session } = await objectOf(route, ["id", "place", "session"]);
  if (typeof id !== "string")
    throw new Refusal("The request does not say which rule to move.", { kind: "malformed", next: 'Send {"id": "d1", "place": "first"}.' });
  return control.rules.move(id, checkedPlace(place), callerWith(route, session));
}

function callerWith(route: Route, session: unknown): Caller {
  return session === undefined ? route.caller : { ...route.caller, session: checkedSession(session) };
}

/** An empty body is an empty object. */
async function bodyOf(route: Route, most?: number): Promise<unknown> {
  const text = await route.body(most);
  try {
    return text.trim() === "" ? {} : JSON.parse(text);
  } catch (error) {
    throw new Refusal(`The body of the request is not JSON: ${(error as Error).message}.`, {
      kind: "malformed",
      next: "Send one JSON object.",
    });
  }
}

async function objectOf(route: Route, keys: readonly string[], most?: number): Promise<Record<string, unknown>> {
  const value = await bodyOf(route, most);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Refusal("The body of the request is not a JSON object.", {
      kind: "malformed",
      next: `Send an object with ${keys.join(", ")}.`,
    });
  }
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    throw new Refusal(`The body of the request has an unknown key ${JSON.stringify(unknown)}.`, {
      kind: "malformed",
      next: `Send an object with ${keys.join(", ")}.`,
    });
  }
  return value as Record<string, unknown>;
}
