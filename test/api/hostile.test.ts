/** Bodies and parameters that nobody means: each is refused with a short answer, and the agent is not asked. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { REQUESTS } from "../../agent/service/requests/requests.ts";
import { ROUTES } from "../../agent/api/routes.ts";
import type { Schema } from "../../agent/values/json-schema.ts";
import { ask } from "./raw-http.ts";
import { startFixture } from "./support.ts";

const NETWORK = '"192.0.2.7"';
const LONGEST_ANSWER = 2000;

/** Each hostile body has a twin that is accepted. */
const BODIES: [what: string, method: string, path: string, hostile: string, twin: string][] = [
  ["a deep list", "POST", "/v1/bans", `{"networks":${"[".repeat(500_000)}${"]".repeat(500_000)}}`, `{"networks":[${NETWORK}]}`],
  ["a deep mapping", "POST", "/v1/bans", `${'{"networks":'.repeat(40_000)}1${"}".repeat(40_000)}`, `{"networks":[${NETWORK}]}`],
  [
    "a deep place",
    "PUT",
    "/v1/rules/place",
    `{"id":"d1","place":${'{"before":'.repeat(5000)}1${"}".repeat(5000)}}`,
    '{"id":"d1","place":{"before":"d2"}}',
  ],
  [
    "a huge list",
    "POST",
    "/v1/bans",
    `{"networks":[${Array(80_000).fill(NETWORK).join()}]}`,
    `{"networks":[${Array(16_384).fill(NETWORK).join()}]}`,
  ],
  ["a list of numbers", "POST", "/v1/sets/holding", `{"addresses":[${Array(200_000).fill(7).join()}]}`, `{"addresses":[${NETWORK}]}`],
  [
    "many keys",
    "PUT",
    "/v1/mode",
    `{"mode":"detect",${Array.from({ length: 5000 }, (_, index) => `"k${index}":1`).join()}}`,
    '{"mode":"detect"}',
  ],
  ["__proto__", "PUT", "/v1/mode", '{"__proto__":{"mode":"prevent"}}', '{"mode":"detect"}'],
  ["__proto__ beside the mode", "PUT", "/v1/mode", '{"mode":"prevent","__proto__":{"session":{}}}', '{"mode":"detect"}'],
  [
    "constructor",
    "POST",
    "/v1/bans",
    `{"networks":[${NETWORK}],"constructor":{"prototype":{"check_only":true}}}`,
    `{"networks":[${NETWORK}],"check_only":true}`,
  ],
  [
    "__proto__ in a session",
    "POST",
    "/v1/reload",
    '{"session":{"__proto__":{"address":"::1","remote_port":1,"local_port":1}}}',
    '{"session":{"address":"::1","remote_port":1,"local_port":1}}',
  ],
  ["a long word", "PUT", "/v1/mode", `{"mode":"${"prevent".repeat(9000)}"}`, '{"mode":"detect"}'],
  ["control characters", "PUT", "/v1/mode", '{"mode":"\\u001b[2J\\u202edetect"}', '{"mode":"detect"}'],
  ["control characters outside of JSON", "PUT", "/v1/mode", "{\u001b[2J\u0007", '{"mode":"detect"}'],
];

test("hostile bodies are refused with a short answer", async () => {
  await using fixture = await startFixture();
  const { agent, path: socket } = fixture;
  for (const [what, method, path, hostile, twin] of BODIES) {
    const before = agent.callers.length;
    const { status, text, json } = await ask(socket, method, path, hostile);
    assert.equal(status, 400, `${what}: ${text.slice(0, 200)}`);
    assert.ok(text.length < LONGEST_ANSWER, `${what}: ${text.length} characters`);
    assert.doesNotMatch(JSON.stringify(json().error), /\\u001b|\u202e/, what);
    assert.equal(agent.callers.length, before, what);
    assert.equal((await ask(socket, method, path, twin)).status, 200, `the twin of ${what}`);
  }
  assert.equal(agent.mode, "detect");
});

const PARAMETERS: [hostile: string, twin: string][] = [
  ["/v1/flows?__proto__=x", "/v1/flows?rule=__proto__"],
  ["/v1/flows?constructor=x", "/v1/flows?process=constructor"],
  [`/v1/flows?limit=${"9".repeat(400)}`, "/v1/flows?limit=10000"],
  ["/v1/flows?limit=1e3", "/v1/flows?limit=1000"],
  ["/v1/flows?limit=%201", "/v1/flows?limit=1"],
  ["/v1/flows?hash=1", "/v1/flows?hash=true"],
  ["/v1/flows?address=%1b%5b2J", "/v1/flows?address=0:0::1"],
  ["/v1/drops?all=yes", "/v1/drops?all=false"],
  ["/v1/bans?from=1.5", "/v1/bans?from=1"],
  [`/v1/flows?${Array.from({ length: 3000 }, (_, index) => `k${index}=1`).join("&")}`, "/v1/flows?port=443"],
  [`/v1/flows?${"x".repeat(30_000)}=1`, `/v1/flows?rule=${"x".repeat(30_000)}`],
  ["/v1/flows?rule=a&rule=b", "/v1/flows?rule=a"],
  ["/v1/status?x", "/v1/status?"],
];

test("hostile parameters are refused with a short answer", async () => {
  await using fixture = await startFixture();
  for (const [hostile, twin] of PARAMETERS) {
    const { status, text } = await ask(fixture.path, "GET", hostile);
    assert.equal(status, 400, `${hostile.slice(0, 100)}: ${text.slice(0, 200)}`);
    assert.ok(text.length < LONGEST_ANSWER, `${text.length} characters`);
    assert.equal((await ask(fixture.path, "GET", twin)).status, 200, twin.slice(0, 100));
  }
});

test("each request has a route of its own, and one that is sent as parameters has keys that parameters can say", () => {
  const places = Object.values(ROUTES).map(({ method, path }) => `${method} ${path}`);
  assert.equal(new Set(places).size, Object.keys(REQUESTS).length);
  for (const [operation, { method }] of Object.entries(ROUTES)) {
    const { properties = {} }: Schema = REQUESTS[operation as keyof typeof REQUESTS];
    if (method !== "GET") continue;
    for (const [key, { type }] of Object.entries(properties))
      assert.ok(["string", "integer", "boolean"].includes(String(type)), `${operation} ${key}`);
  }
});
