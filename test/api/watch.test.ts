import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import { ControlClient } from "../../agent/api/client.ts";
import { eventually } from "../harness/eventually.ts";
import { ask, connected, readAll } from "./raw-http.ts";
import { anEvent, startFixture } from "./support.ts";
import { toWatched } from "../../agent/service/event-line.ts";

const WATCH = "GET /v1/watch HTTP/1.0\r\n\r\n"; // HTTP/1.0: the body comes without chunk headers

test("a watcher is sent every event as it was, in order", async () => {
  await using fixture = await startFixture();
  const end = new AbortController();
  const lines = new ControlClient(fixture.path).watch({}, end.signal);
  const first = lines.next();
  await eventually("the stream is open", () => fixture.agent.listeners.size === 1);
  const events = [1, 2, 3].map((seq) => anEvent(seq));
  fixture.agent.publish(...events);
  const seen = [(await first).value, (await lines.next()).value, (await lines.next()).value];
  assert.deepEqual(
    seen.map((line) => JSON.parse(line as string)),
    events.map(toWatched),
  );
  end.abort();
  assert.equal((await lines.next()).done, true);
  await eventually("nobody listens any more", () => fixture.agent.listeners.size === 0);
});

test("a watcher sees only the type and the rule it asks for", async () => {
  await using fixture = await startFixture();
  const lines = new ControlClient(fixture.path).watch({ type: "BLOCKED", rule: "b" }, new AbortController().signal);
  const first = lines.next();
  await eventually("the stream is open", () => fixture.agent.listeners.size === 1);
  const rule = { name: "b", action: "block", enforce: true, source: "weir.yaml:1" } as const;
  fixture.agent.publish(anEvent(1), anEvent(2, { rule }), anEvent(3, { type: "BLOCKED" }), anEvent(4, { type: "BLOCKED", rule }));
  assert.equal(JSON.parse((await first).value as string).seq, 4);
  await lines.return(undefined);
});

test("a reader that sleeps loses events, is told how many at the place, and costs bounded memory", async () => {
  await using fixture = await startFixture();
  const socket = await connected(fixture.path);
  socket.pause();
  socket.write(WATCH);
  await eventually("the stream is open", () => fixture.agent.listeners.size === 1);
  const total = 100_000;
  for (let seq = 1; seq <= total; seq++) {
    fixture.agent.publish(anEvent(seq));
    if (seq % 1000 === 0) await turn();
  }
  const lost = fixture.server.figures().watch_lost;
  assert.ok(lost > total / 2, `the sleeper lost ${lost}`);
  const all = readAll(socket);
  socket.resume();
  const closed = fixture.server.close();
  const text = await all;
  await closed;
  let expected = 1;
  let told = 0;
  for (const line of text
    .slice(text.indexOf("\r\n\r\n") + 4)
    .trimEnd()
    .split("\n")) {
    const message = JSON.parse(line) as { seq?: number; dropped?: number };
    if (message.dropped !== undefined) {
      told += message.dropped;
      expected += message.dropped;
    } else {
      assert.equal(message.seq, expected++);
    }
  }
  assert.equal(expected - 1, total, "every event was sent or told as dropped");
  assert.equal(told, lost);
});

test("a sleeping reader costs others nothing", async () => {
  await using fixture = await startFixture();
  const sleeper = await connected(fixture.path);
  sleeper.pause();
  sleeper.write(WATCH);
  const reader = await connected(fixture.path);
  reader.write(WATCH);
  let lines = -1; // the blank line behind the headers
  reader
    .setEncoding("utf8")
    .on(
      "data",
      (chunk: string) =>
        (lines +=
          chunk.split("\n").length - 1 - (chunk.startsWith("HTTP/") ? chunk.slice(0, chunk.indexOf("\r\n\r\n")).split("\n").length : 0)),
    );
  await eventually("both streams are open", () => fixture.server.figures().watchers === 2);
  const total = 50_000;
  for (let seq = 1; seq <= total; seq++) {
    fixture.agent.publish(anEvent(seq));
    if (seq % 100 === 0) await turn();
  }
  await eventually("the reader has all", () => lines === total);
  assert.ok(fixture.server.figures().watch_lost > 0, "the sleeper lost some");
  sleeper.destroy();
  reader.destroy();
});

test("at most 16 watch at once", async () => {
  await using fixture = await startFixture();
  const sockets = await Promise.all(Array.from({ length: 16 }, () => connected(fixture.path)));
  for (const socket of sockets) socket.write(WATCH);
  await eventually("16 watch", () => fixture.server.figures().watchers === 16);
  assert.equal(fixture.agent.listeners.size, 1, "the agent tells them all at once");
  assert.equal((await ask(fixture.path, "GET", "/v1/watch")).status, 503);
  sockets[0]!.destroy();
  await eventually("one has left", () => fixture.server.figures().watchers === 15);
  sockets[0] = await connected(fixture.path);
  sockets[0].write(WATCH);
  await eventually("another one came", () => fixture.server.figures().watchers === 16);
  for (const socket of sockets) socket.destroy();
});
