import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_PROGRAMS } from "../../../agent/observe/enrich/program-names.ts";
import type { SocketEvent } from "../../../agent/observe/events/event.ts";
import type { SocketFailureRow } from "../../../agent/observe/events/snapshot.ts";
import { SocketFailures } from "../../../agent/observe/sockets/failures.ts";

function event(fields: Partial<SocketEvent>, name?: string): SocketEvent {
  return { seq: 1, type: "CONNECT_FAILED", time: 0, ...(name === undefined ? {} : { process: { pid: 7, name, uid: 0 } }), ...fields };
}

const told = (failures: SocketFailures, suppressed = 0): SocketFailureRow[] =>
  failures.rows((type) => (type === "CONNECT_FAILED" ? suppressed : 0)).filter(({ count }) => count > 0);

test("failures are counted by program and error, and other events are not counted", () => {
  const failures = new SocketFailures();
  assert.deepEqual(
    failures.rows(() => 0).map(({ type, program, count }) => [type, program, count]),
    ["connect_refused", "connect_failed", "bind_failed"].map((type) => [type, "other", 0]),
    "each has a series from the start",
  );
  for (const error of ["ETIMEDOUT", "ETIMEDOUT", "EHOSTUNREACH"]) failures.count(event({ error }, "curl"));
  failures.count(event({ type: "LISTENING" }, "curl"));
  failures.count(event({ type: "CONNECT_REFUSED", error: "ECONNREFUSED" }));
  failures.count(event({ type: "BIND_FAILED", error: "EADDRINUSE", reason: "port_in_use" }, "nginx"));
  failures.count(event({ type: "BIND_FAILED", reason: "port_privileged" }, "nginx"));
  failures.count(event({ type: "BIND_FAILED" }, "nginx"));
  assert.deepEqual(told(failures), [
    { type: "connect_failed", program: "curl", error: "ETIMEDOUT", count: 2 },
    { type: "connect_failed", program: "curl", error: "EHOSTUNREACH", count: 1 },
    { type: "connect_refused", program: "unknown", error: "ECONNREFUSED", count: 1 },
    { type: "bind_failed", program: "nginx", error: "EADDRINUSE", count: 1 },
    { type: "bind_failed", program: "nginx", error: "port_privileged", count: 1 },
    { type: "bind_failed", program: "nginx", error: "unknown", count: 1 },
  ]);
});

test("events that were not reported one by one belong to other programs", () => {
  const failures = new SocketFailures();
  failures.count(event({}, "\x1b[2J"));
  assert.deepEqual(told(failures, 40), [{ type: "connect_failed", program: "other", error: "unknown", count: 41 }]);
});

test("neither ever new names nor ever new errors make rows without end, and no failure is missing in the sum", () => {
  const failures = new SocketFailures();
  for (let name = 0; name < 1000; name++) failures.count(event({ error: "ETIMEDOUT" }, `program-${name}`));
  assert.equal(new Set(told(failures).map(({ program }) => program)).size, MOST_PROGRAMS);
  for (let name = 0; name < 100; name++)
    for (let error = 0; error < 100; error++) failures.count(event({ error: `E${error}` }, `program-${name}`));
  const rows = told(failures);
  assert.ok(rows.length <= 1500 + 100 && rows.length >= 1500, `${rows.length} rows`);
  assert.equal(new Set(rows.map(({ program, error }) => `${program} ${error}`)).size, rows.length, "no series is there twice");
  assert.equal(
    rows.reduce((sum, { count }) => sum + count, 0),
    11_000,
  );
});
