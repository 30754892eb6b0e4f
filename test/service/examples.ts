/** Examples of requests that a schema allows, and the refusals of others. */

import assert from "node:assert/strict";
import { judged } from "../../agent/service/requests/judge.ts";
import type { Operation } from "../../agent/service/requests/requests.ts";
import type { Schema } from "../../agent/values/json-schema.ts";
import { isPrintable } from "../../agent/values/quote.ts";
import { Refusal } from "../../agent/values/refusal.ts";

/** The longest answer, in characters, that a terminal shows at once. */
const LONGEST_ANSWER = 1000;

/** Makes a request of a schema: with every key that goes with the others, or with the required keys alone. */
export function exampleOf(schema: Schema, everything: boolean): unknown {
  const { examples, enum: words, minimum, type, properties = {}, required = [] } = schema;
  if (examples !== undefined) return structuredClone(examples[0]);
  if (words !== undefined) return words[0];
  if (type === "integer") return minimum;
  if (type === "boolean") return true;
  const keys = Object.keys(properties).filter((key) => (everything ? key !== "until" : required.includes(key)));
  return Object.fromEntries(keys.map((key) => [key, exampleOf(properties[key]!, everything)]));
}

/** Returns undefined if the request is accepted. Checks that a refusal is short, printable, and says what to do. */
export function refusalOf(operation: Operation, request: unknown): Refusal | undefined {
  try {
    judged(operation, request);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { kind, message, next, details } = error;
    assert.equal(kind, "malformed");
    assert.ok(message.length + next.length <= LONGEST_ANSWER, `${message.length + next.length} characters`);
    assert.ok(isPrintable(message + next), JSON.stringify(message));
    assert.match(message, /\.$/);
    assert.match(next, /^[A-Z].*\.$/);
    assert.deepEqual(details, []);
    return error;
  }
  return undefined;
}
