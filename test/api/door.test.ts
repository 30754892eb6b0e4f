/** Who is not root gets nothing from the control socket, costs the agent next to nothing, and is told. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { test } from "node:test";

import { forOthers } from "../harness/for-others.ts";
import { requires, root } from "../harness/require.ts";
import { ask, connected, readAll } from "./raw-http.ts";
import { type Fixture, letPass, startFixture } from "./support.ts";

const NOBODY = 65534;
const STRANGER = { pid: 4711, uid: 54321, gid: 54321 };

test("a stranger's request is not read, and nothing is answered", async () => {
  await using fixture = await startFixture({ peerOf: () => STRANGER });
  for (const request of [
    'PUT /v1/mode HTTP/1.1\r\nhost: weir\r\ncontent-length: 18\r\n\r\n{"mode":"prevent"}',
    "GET /v1/watch HTTP/1.1\r\nhost: weir\r\n\r\n",
    "\x16\x03\x01",
    "",
  ]) {
    const socket = await connected(fixture.path);
    const answer = readAll(socket);
    socket.write(request);
    assert.equal(await answer, "");
  }
  assert.equal(fixture.agent.mode, "detect");
  assert.equal(fixture.server.figures().refused, 4);
  assert.equal(fixture.server.figures().connections, 0);
});

test("a peer that the kernel does not name is refused", async () => {
  await using fixture = await startFixture({
    peerOf: () => {
      throw new Error("no credentials");
    },
  });
  assert.equal(await readAll(await connected(fixture.path)), "");
  assert.deepEqual(fixture.refused, [[null, 1]]);
});

test("of each user the first attempt is told at once, and the others with their number when the minute ends", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let uid = 1000;
  await using fixture = await startFixture({ peerOf: () => ({ pid: 1, uid, gid: 0 }) });
  const knock = async (): Promise<void> => void (await readAll(await connected(fixture.path)));
  const told = () => fixture.refused.map(([peer, attempts]) => [peer?.uid, attempts]);
  for (let time = 0; time < 3; time++) await knock();
  uid = 1001;
  await knock();
  assert.deepEqual(told(), [
    [1000, 1],
    [1001, 1],
  ]);
  context.mock.timers.tick(59_999);
  assert.equal(fixture.refused.length, 2);
  context.mock.timers.tick(1);
  assert.deepEqual(told().slice(2), [[1000, 2]]);
  context.mock.timers.tick(60_000);
  assert.equal(fixture.refused.length, 3, "nobody came");
  await knock();
  assert.deepEqual(told().slice(3), [[1001, 1]]);
});

test("what was not told yet is told when the agent stops", async () => {
  const fixture = await startFixture({ peerOf: () => STRANGER });
  for (let time = 0; time < 3; time++) await readAll(await connected(fixture.path));
  await fixture[Symbol.asyncDispose]();
  assert.deepEqual(fixture.refused, [
    [STRANGER, 1],
    [STRANGER, 2],
  ]);
});

test(
  "10,000 connections of another user, with garbage, large bodies and slow writers, find the door shut; root is served all the while",
  requires(root()),
  async () => {
    await using fixture = await startFixture();
    letPass(fixture);
    const attack = hammer(fixture, 10_000);
    let served = 0;
    while (attack.running()) {
      assert.equal((await ask(fixture.path, "GET", "/v1/status")).status, 200);
      served++;
    }
    const { attempts, bytes, denied } = await attack.result;
    assert.ok(served > 0);
    assert.deepEqual({ attempts, bytes }, { attempts: 10_000, bytes: 0 });
    const { refused, connections } = fixture.server.figures();
    // The kernel refuses once the door is shut; until then no more than its queue holds get as far as the agent.
    assert.ok(refused >= 64 && refused <= 64 + 512, `${refused} were refused by the agent`);
    assert.ok(denied >= 10_000 - refused, `${denied} by the kernel`);
    assert.equal(connections, 0);
    assert.deepEqual(
      fixture.refused.map(([peer, count]) => [peer?.uid, count]),
      [[NOBODY, 1]],
      "one line, and the next in a minute",
    );
    assert.deepEqual(fixture.shut, [64]);
    assert.equal(fixture.agent.mode, "detect");
  },
);

test("the door opens again when the minute is over", requires(root()), async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  await using fixture = await startFixture();
  letPass(fixture);
  await hammer(fixture, 500).result;
  assert.deepEqual(fixture.shut, [64]);
  assert.equal(statSync(fixture.path).mode & 0o777, 0o600);
  context.mock.timers.tick(60_000);
  assert.equal(statSync(fixture.path).mode & 0o777, 0o666);
  const before = fixture.server.figures().refused;
  await hammer(fixture, 1).result;
  assert.equal(fixture.server.figures().refused, before + 1);
});

test("whoever runs a command without being root is told what to do, knocking or before a shut door", requires(root()), async () => {
  await using fixture = await startFixture();
  letPass(fixture);
  const command = async (): Promise<void> => {
    const { code, stderr } = await fixture.weir(["mode", "prevent"], { uid: NOBODY });
    assert.equal(code, 1);
    assert.match(stderr, /only root may talk to the agent\.\n.*sudo/);
  };
  await command();
  assert.deepEqual(
    fixture.refused.map(([peer]) => peer?.uid),
    [NOBODY],
  );
  await hammer(fixture, 500).result;
  await command();
  assert.equal(fixture.agent.mode, "detect");
  assert.equal((await fixture.weir(["mode", "prevent"])).code, 0);
  assert.equal(fixture.agent.mode, "prevent");
});

interface Attack {
  running(): boolean;
  result: Promise<{ attempts: number; bytes: number; denied: number }>;
}

/** Connects as another user, 100 times at once, and sends what no client would. */
function hammer({ path }: Fixture, attempts: number): Attack {
  const script = `(${knockOften.toString()})(require("node:net").connect, ${JSON.stringify(path)}, ${attempts})`;
  const child = spawn(forOthers().node, ["-e", script], { uid: NOBODY, gid: NOBODY, stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const ended = once(child, "close");
  return { running: () => child.exitCode === null, result: ended.then(() => JSON.parse(text) as Awaited<Attack["result"]>) };
}

/** Sent as text to a process of the other user. */
function knockOften(connect: (path: string) => import("node:net").Socket, path: string, attempts: number): void {
  const endless = `PUT /v1/mode HTTP/1.1\r\nhost: weir\r\ncontent-length: ${100 * 1024 * 1024}\r\n\r\n`;
  const sends = [endless + "x".repeat(100_000), "GET /v1/status HTTP/1.1\r\n", "\u0016\u0003\u0001".repeat(1000), ""];
  const figures = { attempts: 0, bytes: 0, denied: 0 };
  let running = 0;
  const next = (): void => {
    while (running < 100 && figures.attempts < attempts) {
      running++;
      const socket = connect(path);
      const sent = sends[figures.attempts++ % sends.length]!;
      socket.on("connect", () => socket.write(sent));
      socket.on("data", (data) => (figures.bytes += data.length));
      socket.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "EACCES") figures.denied++;
      });
      socket.on("close", () => {
        running--;
        setImmediate(next);
      });
    }
    if (running === 0 && figures.attempts === attempts) process.stdout.write(JSON.stringify(figures), () => process.exit());
  };
  next();
}
