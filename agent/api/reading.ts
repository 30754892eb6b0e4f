/** Reads the operation and the request out of an HTTP request. The schema of the request then checks it. */

import type { Schema } from "../values/json-schema.ts";
import { printable, quote } from "../values/quote.ts";
import { Refusal } from "../values/refusal.ts";
import { type Operation, REQUESTS } from "../service/requests/requests.ts";
import { HttpRefusal } from "./http-status.ts";
import { ROUTES } from "./routes.ts";

/** The size of a body in bytes, unless its route allows more. */
const LARGEST_BODY = 64 * 1024;
/** The message of the JSON parser repeats a part of the text. */
const LONGEST_MESSAGE = 200;

const OPERATIONS = Object.entries(ROUTES) as [Operation, (typeof ROUTES)[Operation]][];

/** Throws a Refusal if there is no such path, or if the path does not know the method. */
export function operationOf(method: string, path: string): Operation {
  const there = OPERATIONS.filter(([, route]) => route.path === path);
  if (there.length === 0) {
    throw new Refusal(`There is no ${quote(path)} on the control socket.`, {
      kind: "not_found",
      next: `Ask for one of ${[...new Set(OPERATIONS.map(([, route]) => route.path))].join(", ")}.`,
    });
  }
  const [operation] = there.find(([, route]) => route.method === method) ?? [];
  if (operation !== undefined) return operation;
  const allowed = there.map(([, route]) => route.method);
  throw new HttpRefusal(405, `${path} does not know the method ${quote(method)}.`, {
    next: `Use ${allowed.join(" or ")}.`,
    details: allowed,
  });
}

/** `body` reads the body, and refuses one of more than `most` bytes. */
export async function requestIn(operation: Operation, url: URL, body: (most: number) => Promise<string>): Promise<unknown> {
  const { method, largest = LARGEST_BODY } = ROUTES[operation];
  if (method === "GET") return fromParameters(url.searchParams, REQUESTS[operation]);
  if (url.search !== "")
    throw malformed("The path of this request takes no parameters.", "Send what belongs to the request in its body, as one JSON object.");
  return fromBody(await body(largest));
}

function fromParameters(parameters: URLSearchParams, { properties = {} }: Schema): unknown {
  const twice = [...parameters.keys()].find((name, index, names) => names.indexOf(name) !== index);
  if (twice !== undefined) throw malformed(`The parameter ${quote(twice)} is given twice.`, "Send each parameter at most once.");
  return Object.fromEntries(
    [...parameters].map(([name, text]) => [name, typed(text, Object.hasOwn(properties, name) ? properties[name]! : {})]),
  );
}

/** Gives a parameter the type that its schema wants. Other text stays as it is, and the schema refuses it. */
function typed(text: string, { type }: Schema): unknown {
  if (type === "integer" && /^[0-9]{1,15}$/.test(text)) return Number(text);
  if (type === "boolean" && ["true", "false"].includes(text)) return text === "true";
  return text;
}

/** Parses the body. An empty body counts as an empty object. */
function fromBody(text: string): unknown {
  try {
    return text.trim() === "" ? {} : JSON.parse(text);
  } catch (error) {
    throw malformed(
      `The body of the request is not JSON: ${printable((error as Error).message, LONGEST_MESSAGE)}.`,
      "Send one JSON object.",
    );
  }
}

function malformed(what: string, next: string): Refusal {
  return new Refusal(what, { kind: "malformed", next });
}
