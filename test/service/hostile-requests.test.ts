/** Whatever callers send, the answer is short and comes at once, and the compiled schemas judge as ajv judges. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv } from "ajv";
import { REQUEST_FORMATS } from "../../agent/service/requests/formats.ts";
import { type Operation, REQUESTS } from "../../agent/service/requests/requests.ts";
import type { Schema } from "../../agent/values/json-schema.ts";
import { Random } from "../harness/random.ts";
import { exampleOf, refusalOf } from "./examples.ts";

const OPERATIONS = Object.keys(REQUESTS) as Operation[];

const ajv = new Ajv({ strict: true, strictTypes: false, useDefaults: true });
for (const [name, explain] of Object.entries(REQUEST_FORMATS)) ajv.addFormat(name, (text: string) => explain(text) === undefined);
const JUDGES = Object.fromEntries(OPERATIONS.map((operation) => [operation, ajv.compile<unknown>(REQUESTS[operation])]));

const SMALL: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  1e300,
  Number.MAX_SAFE_INTEGER,
  "",
  "all",
  "\u0000\u001b[2J\u202e\ud800",
  "__proto__",
  [],
  [[]],
  [null],
  {},
  JSON.parse('{"__proto__":{"limit":1},"constructor":{"prototype":{"limit":1}}}'),
];

const LARGE: readonly unknown[] = [
  "x".repeat(1_000_000),
  Array(100_000).fill("192.0.2.7"),
  Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`key${index}`, index])),
  JSON.parse("[".repeat(100_000) + "]".repeat(100_000)),
  JSON.parse(`${'{"rule":'.repeat(50_000)}1${"}".repeat(50_000)}`),
];

const STRANGE_KEYS = ["__proto__", "constructor", "toString", "hasOwnProperty", "length", "", "a/b~c", "\u202elimit"];

/** Sets a key as JSON.parse does: `__proto__` is a key like any other. */
function withKey(request: unknown, key: string, value: unknown): unknown {
  return Object.fromEntries([...Object.entries(request as object).filter(([other]) => other !== key), [key, value]]);
}

function check(operation: Operation, request: unknown): boolean {
  const valid = JUDGES[operation]!(request);
  const refusal = refusalOf(operation, request);
  assert.equal(refusal === undefined, valid, `${operation}: ${refusal?.message} ${ajv.errorsText(JUDGES[operation]!.errors)}`);
  return valid;
}

test("hostile values are refused in every place, and a right one in the same place is taken", () => {
  const counts = { accepted: 0, refused: 0 };
  for (const operation of OPERATIONS) {
    const schema: Schema = REQUESTS[operation];
    const twin = (): unknown => exampleOf(schema, true);
    for (const value of [...SMALL, ...LARGE]) {
      check(operation, typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : value);
      for (const key of Object.keys(schema.properties ?? {}))
        counts[check(operation, withKey(twin(), key, value)) ? "accepted" : "refused"]++;
    }
    for (const key of [...STRANGE_KEYS, "x".repeat(1_000_000)])
      assert.ok(!check(operation, withKey(twin(), key, 1)), `${operation} ${key.slice(0, 20)}`);
    assert.ok(check(operation, twin()), operation);
  }
  assert.ok(counts.refused > 1000, JSON.stringify(counts));
  assert.deepEqual(
    [({} as { limit?: number }).limit, ([] as { rule?: number }).rule],
    [undefined, undefined],
    "prototypes are as they were",
  );
});

/** Replaces, removes or adds one thing in a value. */
function changed(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null || random.oneIn(6)) return structuredClone(random.pick(SMALL));
  const entries: [string, unknown][] = Object.entries(value);
  const at = random.below(entries.length + 1);
  const [key, inner] = entries[at] ?? [random.pick(STRANGE_KEYS), undefined];
  const others = entries.filter(([other]) => other !== key);
  const whole: [string, unknown][] = random.oneIn(5) ? others : [...others, [key, changed(inner, random)]];
  return Array.isArray(value) ? whole.map(([, one]) => one) : Object.fromEntries(whole);
}

test("the compiled schemas and ajv agree on 24,000 changed requests", () => {
  const random = new Random(7);
  const counts = { accepted: 0, refused: 0 };
  for (const operation of OPERATIONS) {
    for (let round = 0; round < 1000; round++) {
      const request = changed(exampleOf(REQUESTS[operation], random.oneIn(2)), random);
      counts[check(operation, request) ? "accepted" : "refused"]++;
    }
  }
  assert.ok(counts.accepted > 1000 && counts.refused > 10_000, JSON.stringify(counts));
});
