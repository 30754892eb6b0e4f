/** Every request is judged by its compiled schema, whoever sends it, and a refusal says what is wrong and what to send. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { judged } from "../../agent/service/requests/judge.ts";
import { type Operation, REQUESTS } from "../../agent/service/requests/requests.ts";
import type { Schema } from "../../agent/values/json-schema.ts";
import { exampleOf, refusalOf } from "./examples.ts";

const OPERATIONS = Object.keys(REQUESTS) as Operation[];
test("each request is taken with all that it may say, and with what it must say", () => {
  for (const operation of OPERATIONS) {
    for (const everything of [true, false])
      assert.equal(refusalOf(operation, exampleOf(REQUESTS[operation], everything))?.message, undefined, operation);
  }
});

test("each key has a description, and examples that fit it", () => {
  for (const operation of OPERATIONS) {
    const schema: Schema = REQUESTS[operation];
    assert.match(schema.description ?? "", /^[A-Z].*\.$/, operation);
    for (const [key, { description, examples = [] }] of Object.entries(schema.properties ?? {})) {
      assert.match(description ?? "", /[^.]$/, `${operation} ${key}`);
      const least = exampleOf(schema, false) as object;
      for (const example of examples)
        assert.equal(refusalOf(operation, { ...least, [key]: example })?.message, undefined, `${operation} ${key}`);
    }
  }
});

test("defaults are those of the schema, whatever transport a request came by", () => {
  assert.deepEqual(judged("flows", {}), { hash: false, limit: 100 });
  assert.deepEqual(judged("top", { limit: 7 }), { by: "process", limit: 7 });
  assert.deepEqual(judged("addRule", { rule: {} }), { rule: {}, place: "last" });
  assert.deepEqual(judged("addBans", { networks: ["::1"] }), { networks: ["::1"], check_only: false });
});

const SAID: [Operation, unknown, RegExp, RegExp][] = [
  ["status", { verbose: true }, /^There is no "verbose" in the request/, /^Send it without/],
  ["flows", [], /^The request is an empty list, not an object/, /one JSON object/],
  ["flows", { procces: "curl" }, /^There is no "procces" in the request/, /^Did you mean "process"\? Send no others than interface, /],
  ["flows", { direction: "in" }, /^"direction" takes one of ingress, egress, not "in"/, /^Did you mean "ingress"\?/],
  ["flows", { limit: 10_001 }, /^"limit" takes a whole number from 1 to 10000, not 10001/, /, or leave it out\.$/],
  [
    "flows",
    { address: "192.0.2.0/24" },
    /^"address" does not fit: "192\.0\.2\.0\/24" is more than one address/,
    /"address": "192\.0\.2\.7"/,
  ],
  ["flows", { address: " ::1" }, /^"address" does not fit: .* has spaces/, /^Did you mean "::1"\?/],
  ["addBans", { netwroks: ["::1"] }, /^There is no "networks" in the request: a list of/, /^Write "networks" instead of "netwroks"/],
  ["addBans", { networks: ["::1", 7] }, /^"networks\[1\]" takes text, not 7/, /"networks\[1\]": "192\.0\.2\.7"/],
  ["deleteBans", { networks: "some" }, /^"networks" takes a list .*, or "all", not "some"/, /"networks": \["192/],
  ["deleteBans", { networks: [7] }, /^"networks\[0\]" takes text, not 7/, /"networks\[0\]"/],
  ["moveRule", { id: "d1", place: { befor: "d2" } }, /^There is no "before" in "place"/, /^Write "before" instead of "befor"/],
  ["setMode", { mode: "block" }, /^"mode" takes one of detect, prevent, not "block"/, /^Did you mean "prevent"\?/],
  ["setMode", { mode: "detect", session: { address: "::1" } }, /^There is no "remote_port" in "session"/, /from 1 to 65535/],
  ["addRule", { rule: {}, for_s: 1, until: 1 }, /^"for_s" and "until" do not go together/, /^Leave out one/],
  ["listMembers", { set: "" }, /^"set" does not fit: .* empty/, /"set": "partners"/],
];

test("a refusal names the place, what is taken there, and what was meant", () => {
  for (const [operation, request, what, next] of SAID) {
    const refusal = refusalOf(operation, request);
    assert.match(refusal?.message ?? "accepted", what);
    assert.match(refusal!.next, next);
  }
});
