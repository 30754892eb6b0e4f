/** The stream of a process's calls on the control socket. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ControlClient } from "../../agent/api/client.ts";
import type { ShownCall } from "../../agent/observe/sockets/shown-calls.ts";
import { Refusal } from "../../agent/values/refusal.ts";
import { eventually } from "../harness/eventually.ts";
import { connected } from "./raw-http.ts";
import { startFixture } from "./support.ts";

const CALL: ShownCall = {
  time: "2026-01-02T03:04:05.678Z",
  pid: 812,
  thread: 813,
  call: "recvfrom",
  descriptor: 5,
  protocol: "tcp",
  local: { address: "198.18.0.2", port: 8080 },
  remote: { address: "198.18.0.1", port: 43752 },
  bytes: 700,
};

test("who looks at a process gets its calls, then the counts, and the end with the process", async () => {
  await using fixture = await startFixture();
  const lines = new ControlClient(fixture.path).calls({ pid: 812 }, new AbortController().signal);
  const first = lines.next();
  await eventually("the stream is open", () => fixture.agent.lookers.size === 1);
  const [looker] = fixture.agent.lookers;
  looker!.calls([CALL]);
  assert.deepEqual(JSON.parse((await first).value as string), CALL);
  looker!.ended("process");
  assert.deepEqual(JSON.parse((await lines.next()).value as string), {
    counts: { seen: 3, told: 2, suppressed: 1, lost: 0 },
    ended: "process",
  });
  assert.equal((await lines.next()).done, true);
  assert.equal(fixture.agent.lookers.size, 0);
});

test("nobody is looked at any more once the reader has gone", async () => {
  await using fixture = await startFixture();
  const socket = await connected(fixture.path);
  socket.write("GET /v1/calls?pid=812 HTTP/1.1\r\nhost: weir\r\n\r\n");
  await eventually("the stream is open", () => fixture.agent.lookers.size === 1);
  socket.destroy();
  await eventually("it has ended", () => fixture.agent.lookers.size === 0);
});

test("a reader that sleeps loses lines, which are counted, and costs bounded memory", async () => {
  await using fixture = await startFixture();
  const socket = await connected(fixture.path);
  socket.pause();
  socket.write("GET /v1/calls?pid=812 HTTP/1.1\r\nhost: weir\r\n\r\n");
  await eventually("the stream is open", () => fixture.agent.lookers.size === 1);
  const [looker] = fixture.agent.lookers;
  looker!.calls(Array.from({ length: 50_000 }, () => CALL));
  assert.ok(fixture.server.figures().watch_lost >= 45_000, `${fixture.server.figures().watch_lost}`);
  socket.destroy();
});

test("a process that is not there, and a request that says none, are refused before anything is sent", async () => {
  await using fixture = await startFixture();
  const client = new ControlClient(fixture.path);
  const refused = (pid: number, kind: string): Promise<void> =>
    assert.rejects(client.calls({ pid }, new AbortController().signal).next(), (error) => error instanceof Refusal && error.kind === kind);
  await refused(813, "not_found");
  await refused(0, "malformed");
});
