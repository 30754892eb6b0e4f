import assert from "node:assert/strict";
import { request } from "node:http";
import { createServer, type AddressInfo, Socket } from "node:net";
import { test, type TestContext } from "node:test";

import { Reach } from "../../otel/reach.ts";

const REFUSED = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });

function reachAt(clock: { now: number }): Reach {
  return new Reach(undefined, () => clock.now);
}

test("where nobody is, the pauses between two tries grow to 30 seconds, whoever asks and however often", () => {
  const clock = { now: 0 };
  const reach = reachAt(clock);
  const tries: number[] = [];
  for (; clock.now < 600_000; clock.now += 100) {
    for (let signal = 0; signal < 3; signal++) {
      if (!reach.mayTry()) continue;
      tries.push(clock.now);
      reach.missed(REFUSED);
    }
  }
  const pauses = tries.slice(1).map((at, index) => at - tries[index]!);
  assert.deepEqual(pauses.slice(0, 7), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  assert.ok(pauses.slice(5).every((pause) => pause === 30_000));
});

test("three signals that fail at once count as one try, and of those that wait one tries for all", () => {
  const clock = { now: 0 };
  const reach = reachAt(clock);
  assert.deepEqual([reach.mayTry(), reach.mayTry(), reach.mayTry()], [true, true, true]);
  for (let signal = 0; signal < 3; signal++) reach.missed(REFUSED);
  assert.equal(reach.problem, REFUSED);
  clock.now = 1000;
  assert.deepEqual([reach.mayTry(), reach.mayTry(), reach.mayTry()], [true, false, false]);
  reach.reached();
  assert.deepEqual([reach.problem, reach.mayTry(), reach.mayTry()], [undefined, true, true]);
});

async function listening(t: TestContext): Promise<{ port: number; got: number[] }> {
  const got: number[] = [];
  const server = createServer((socket) => {
    got.push(0);
    const at = got.length - 1;
    socket.on("data", (chunk) => (got[at]! += chunk.length)).on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, got };
}

test("no connection is handed out before the look at its other end has ended, and none that is refused", async (t) => {
  const { port, got } = await listening(t);
  let answer: string | undefined = "a stranger is there";
  const asked: string[] = [];
  const guard = {
    listens: () => true,
    refuses: async ({ remote }: { remote: { address: string; port: number } }) => (asked.push(`${remote.address}:${remote.port}`), answer),
  };
  const clock = { now: 0 };
  const reach = new Reach(guard, () => clock.now);
  const target = { url: `http://127.0.0.1:${port}`, patience: 1000, tls: {} };
  const agent = reach.agent(target);
  const post = (): Promise<string> =>
    new Promise((resolve) => {
      const sent = request(target.url, { method: "POST", agent }, () => {});
      sent.on("error", (error) => resolve(error.message));
      sent.end("secret");
      setTimeout(() => resolve("handed out"), 300);
    });
  assert.equal(await post(), "a stranger is there");
  assert.equal(await post(), "a stranger is there", "while the pause lasts, without another connection");
  assert.deepEqual([asked, got], [[`127.0.0.1:${port}`], [0]]);
  answer = undefined;
  clock.now = 1000;
  assert.equal(await post(), "handed out");
  assert.ok(got[1]! > 0);
  agent.destroy();
});

test("an address that does not answer is given up after the exporter's patience", async () => {
  const reach = new Reach(undefined);
  const error = await new Promise<Error | null>((resolve) => reach.connect(1, 50, "connect", () => new Socket(), resolve));
  assert.equal((error as NodeJS.ErrnoException).code, "ETIMEDOUT");
});
