import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal } from "../../agent/values/refusal.ts";
import { eventually } from "../harness/eventually.ts";
import { ask, connected, readAll } from "./raw-http.ts";
import { startFixture } from "./support.ts";

const MEGABYTE = 1024 * 1024;

test("status has the shape that scripts rely on", async () => {
  await using fixture = await startFixture();
  const answer = await ask(fixture.path, "GET", "/v1/status");
  assert.equal(answer.status, 200);
  const status = answer.json();
  assert.equal(status.pid, process.pid);
  assert.equal(status.mode, "detect");
  assert.deepEqual(status.health, { state: "ok", reasons: [] });
  assert.equal(status.generation, 7);
  assert.deepEqual(Object.keys(status.interfaces[0].ingress).sort(), ["hook", "mode", "reason"]);
  assert.deepEqual(Object.keys(status.interfaces[0].egress).sort(), ["hook", "mode", "reason"]);
  assert.equal(status.interfaces[0].name, "eth0");
  assert.deepEqual(status.rules, { loaded: 1, enforced: 1 }, "what no operator wrote is not counted as a rule");
  assert.deepEqual(status.counters.packets, { passed: 1000, dropped: 0, would_drop: 10, carried: 0, undecided: 0 });
  const { emitted, received, pending, lost } = status.counters.events;
  assert.equal(emitted, received + pending + lost);
  assert.equal(status.traffic.length, 2, "rows that never counted anything are left out");
  assert.equal(status.traffic[0].packets_per_s, 100);
});

test("rules, drops, flows, sockets and metrics are answered", async () => {
  await using fixture = await startFixture();
  const rules = (await ask(fixture.path, "GET", "/v1/rules")).json();
  const keys = ["id", "name", "action", "enforce", "source", "packets", "bytes", "flows", "would_drop", "dropped", "last_hit"];
  for (const key of keys) assert.ok(key in rules[0], key);
  assert.deepEqual((await ask(fixture.path, "GET", "/v1/drops?by=netfilter&port=53")).json(), fixture.agent.elsewhere.slice(0, 1));
  assert.deepEqual(
    (await ask(fixture.path, "GET", "/v1/drops?reason=no_socket&address=192.0.2.7")).json(),
    fixture.agent.elsewhere.slice(1),
  );
  assert.deepEqual((await ask(fixture.path, "GET", "/v1/flows?process=curl&port=443")).json(), fixture.agent.connections);
  assert.deepEqual((await ask(fixture.path, "GET", "/v1/sockets?address=0:0:0::")).json(), fixture.agent.inventory.slice(0, 1));
  assert.deepEqual((await ask(fixture.path, "GET", "/v1/sockets?address=::1")).json(), []);
  assert.deepEqual((await ask(fixture.path, "GET", "/v1/flows?process=wget")).json(), []);
  assert.deepEqual((await ask(fixture.path, "GET", "/v1/sockets?state=listen&port=443")).json(), fixture.agent.inventory.slice(0, 1));
  assert.deepEqual((await ask(fixture.path, "GET", "/v1/sockets?process=nobody")).json(), []);
  const metrics = await ask(fixture.path, "GET", "/v1/metrics");
  assert.equal(metrics.text, fixture.agent.metrics());
  assert.match(metrics.headers["content-type"] ?? "", /^text\/plain; version=0\.0\.4/);
});

test("a switch of the mode carries who asked and the operator's session", async () => {
  await using fixture = await startFixture();
  const session = { address: "2001:db8::7", remote_port: 51234, local_port: 22 };
  const answer = await ask(fixture.path, "PUT", "/v1/mode", JSON.stringify({ mode: "prevent", session }));
  assert.deepEqual(answer.json(), { mode: "prevent", previous: "detect" });
  assert.deepEqual(fixture.agent.callers, [{ uid: process.getuid!(), pid: process.pid, session }]);
});

test("a reload says what is in force, or all that is wrong with the file", async () => {
  await using fixture = await startFixture();
  assert.deepEqual((await ask(fixture.path, "POST", "/v1/reload")).json(), {
    generation: 8,
    rules: { loaded: 1, enforced: 1 },
    warnings: [],
  });
  fixture.agent.onReload = () => {
    throw new Refusal("refused", { kind: "invalid", next: "mend it", details: ["weir.yaml:1:1: a", "weir.yaml:2:1: b"] });
  };
  const answer = await ask(fixture.path, "POST", "/v1/reload", "{}");
  assert.equal(answer.status, 422);
  assert.deepEqual(answer.json(), { error: { what: "refused", next: "mend it", details: ["weir.yaml:1:1: a", "weir.yaml:2:1: b"] } });
});

test("a fault of the agent is an answer, not a broken connection", async () => {
  await using fixture = await startFixture();
  fixture.agent.onReload = () => {
    throw new TypeError("something broke");
  };
  const answer = await ask(fixture.path, "POST", "/v1/reload");
  assert.equal(answer.status, 500);
  assert.equal(answer.json().error.what, "something broke");
});

const BAD_REQUESTS: [string, string, string | undefined, number][] = [
  ["GET", "/v1/nothing", undefined, 404],
  ["GET", "/v1/__proto__", undefined, 404],
  ["GET", "/constructor", undefined, 404],
  ["DELETE", "/v1/status", undefined, 405],
  ["POST", "/v1/watch", undefined, 405],
  ["GET", "/v1/mode", undefined, 405],
  ["GET", "/v1/status?verbose=1", undefined, 400],
  ["GET", "/v1/flows?colour=red", undefined, 400],
  ["GET", "/v1/flows?port=1&port=2", undefined, 400],
  ["GET", "/v1/flows?hash=yes", undefined, 400],
  ["GET", "/v1/drops?colour=red", undefined, 400],
  ["GET", "/v1/sockets?colour=red", undefined, 400],
  ["GET", "/v1/top?by=weight", undefined, 400],
  ["GET", "/v1/top?by=process&by=peer", undefined, 400],
  ["GET", "/v1/flows?__proto__=1", undefined, 400],
  ["GET", "/v1/flows?direction=INGRESS", undefined, 400],
  ["GET", "/v1/flows?port=0x16", undefined, 400],
  ["GET", "/v1/flows?address=10.0.0.0/8", undefined, 400],
  ["GET", "/v1/statistics?sort=weight", undefined, 400],
  ["PUT", "/v1/mode?mode=prevent", undefined, 400],
  ["GET", "/v1/flows?limit=0", undefined, 400],
  ["GET", "/v1/flows?limit=1e9", undefined, 400],
  ["GET", "/v1/watch?type=MAYBE", undefined, 400],
  ["GET", "/v1/watch?typ=BLOCKED", undefined, 400],
  ["PUT", "/v1/mode", "", 400],
  ["PUT", "/v1/mode", "not json", 400],
  ["PUT", "/v1/mode", "[]", 400],
  ["PUT", "/v1/mode", "null", 400],
  ["PUT", "/v1/mode", '{"mode":"off"}', 400],
  ["PUT", "/v1/mode", '{"mode":"prevent","force":true}', 400],
  ["PUT", "/v1/mode", '{"mode":"prevent","session":null}', 400],
  ["PUT", "/v1/mode", '{"mode":"prevent","session":{"address":"x","remote_port":1,"local_port":22}}', 400],
  ["PUT", "/v1/mode", '{"mode":"prevent","session":{"address":"fe80::1%eth0","remote_port":1,"local_port":22}}', 400],
  ["PUT", "/v1/mode", '{"mode":"prevent","session":{"address":"192.0.2.1","remote_port":0,"local_port":22}}', 400],
  ["PUT", "/v1/mode", '{"mode":"prevent","session":{"address":"192.0.2.1","remote_port":1,"local_port":"22"}}', 400],
  ["PUT", "/v1/mode", '{"mode":"prevent","session":{"address":"192.0.2.1","remote_port":1,"local_port":70000}}', 400],
  ["PUT", "/v1/mode", '{"mode":"prevent","session":{"address":"192.0.2.1","remote_port":1,"local_port":22,"uid":0}}', 400],
];

test("a request that is not meant exactly so changes nothing and says what to send", async () => {
  await using fixture = await startFixture();
  for (const [method, path, body, status] of BAD_REQUESTS) {
    const answer = await ask(fixture.path, method, path, body);
    assert.equal(answer.status, status, `${method} ${path} ${body}`);
    const { what, next } = answer.json().error;
    assert.ok(what.length > 0 && next.length > 0, `${method} ${path} ${body}`);
  }
  assert.equal(fixture.agent.mode, "detect");
  assert.deepEqual(fixture.agent.callers, []);
  assert.equal((await ask(fixture.path, "PUT", "/v1/mode", '{"mode":"prevent"}')).status, 200);
});

test("a wrong method is told the right one", async () => {
  await using fixture = await startFixture();
  assert.equal((await ask(fixture.path, "DELETE", "/v1/mode")).headers.allow, "PUT");
  assert.equal((await ask(fixture.path, "POST", "/v1/watch")).headers.allow, "GET");
});

for (const [how, header] of [
  ["announced", `content-length: ${100 * MEGABYTE}\r\n`],
  ["in chunks", "transfer-encoding: chunked\r\n"],
] as const) {
  test(`a body of 100 MB, ${how}, is refused before it is read`, async () => {
    await using fixture = await startFixture();
    const socket = await connected(fixture.path);
    const answer = readAll(socket);
    socket.write(`PUT /v1/mode HTTP/1.1\r\nhost: weir\r\n${header}\r\n`);
    const piece = how === "announced" ? Buffer.alloc(65536, "x") : Buffer.from(`10000\r\n${"x".repeat(65536)}\r\n`);
    let sent = 0;
    while (!socket.closed && !socket.destroyed && sent < 100 * MEGABYTE) {
      sent += piece.length;
      if (!socket.write(piece)) await new Promise((resolve) => socket.once("drain", resolve).once("close", resolve));
    }
    assert.match(await answer, /^HTTP\/1\.1 413 /);
    assert.ok(sent < 5 * MEGABYTE, `${sent} bytes were taken`);
    assert.equal(fixture.agent.mode, "detect");
    assert.equal(
      (await ask(fixture.path, "PUT", "/v1/mode", `{"mode":"prevent"${" ".repeat(60_000)}}`)).status,
      200,
      "a body within the bound is read",
    );
  });
}

test("headers without end are refused", async () => {
  await using fixture = await startFixture();
  const socket = await connected(fixture.path);
  const answer = readAll(socket);
  socket.write(`GET /v1/status HTTP/1.1\r\nhost: weir\r\n${`x-filler: ${"y".repeat(1000)}\r\n`.repeat(200)}`);
  const text = await answer;
  assert.match(text, /^HTTP\/1\.1 431 /);
  assert.ok(JSON.parse(text.slice(text.indexOf("\r\n\r\n"))).error.what);
});

test("what is not HTTP is refused", async () => {
  await using fixture = await startFixture();
  const socket = await connected(fixture.path);
  const answer = readAll(socket);
  socket.write("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n");
  assert.match(await answer, /^HTTP\/1\.1 400 /);
});

test("a writer that never comes to the end of its request is not waited for", async () => {
  await using fixture = await startFixture();
  const silent = await connected(fixture.path);
  const slow = await connected(fixture.path);
  const [first, second] = [readAll(silent), readAll(slow)];
  slow.write("PUT /v1/mode HTTP/1.1\r\nhost: weir\r\ncontent-length: 20\r\n\r\n{");
  assert.match(await first, /^HTTP\/1\.1 408 |^$/);
  assert.match(await second, /^HTTP\/1\.1 408 |^$/);
  await eventually("both are gone", () => fixture.server.figures().connections === 0);
  assert.equal((await ask(fixture.path, "GET", "/v1/status")).status, 200);
});

test("of 10,000 connections never more than 64 are held, and the agent answers afterwards", async () => {
  await using fixture = await startFixture();
  const figures = () => fixture.server.figures();
  for (let batch = 1; batch <= 40; batch++) {
    const sockets = await Promise.all(Array.from({ length: 250 }, () => connected(fixture.path)));
    await eventually("all are held or turned away", () => figures().turned_away === batch * (250 - 64));
    assert.equal(figures().connections, 64);
    for (const socket of sockets) socket.destroy();
    await eventually("all are gone", () => figures().connections === 0);
  }
  assert.equal((await ask(fixture.path, "GET", "/v1/status")).status, 200);
});
