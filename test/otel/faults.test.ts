import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Collector, accept, until, type Answer } from "./collector.ts";
import { connection, verdict } from "./fixtures.ts";
import { session } from "./session.ts";
import type { SignalState } from "../../otel/channel.ts";
import type { Telemetry } from "../../otel/start.ts";

/** It has a span and a log record of its own at once. */
const blocked = (fields: Parameters<typeof verdict>[0] = {}): ReturnType<typeof verdict> =>
  verdict({ type: "BLOCKED", verdict: "dropped", would_drop: false, ...fields });

/** Small queues, so that they fill. */
const SMALL = {
  OTEL_BLRP_MAX_QUEUE_SIZE: "100",
  OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: "20",
  OTEL_BLRP_EXPORT_TIMEOUT: "1000",
  OTEL_BSP_MAX_QUEUE_SIZE: "100",
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "20",
  OTEL_BSP_EXPORT_TIMEOUT: "1000",
};

async function collector(t: TestContext, answer: Answer): Promise<Collector> {
  const server = await new Collector().listen();
  server.answer = answer;
  t.after(() => server.close());
  return server;
}

function sums(state: SignalState): void {
  assert.equal(state.waiting + state.flying + state.sent + state.lost, state.offered);
}

/** Offers records at a pace until the condition holds, checking the accounts at every step. */
async function offerUntil(telemetry: Telemetry, condition: () => boolean, what: string): Promise<void> {
  let offered = telemetry.state().logs!.offered;
  for (let tries = 0; tries < 3000; tries++) {
    for (let index = 0; index < 5; index++, offered++) telemetry.event(blocked({ seq: offered }));
    const { logs, traces } = telemetry.state();
    sums(logs!);
    sums(traces!);
    assert.equal(logs!.offered, offered);
    assert.equal(traces!.offered, offered);
    assert.ok(logs!.waiting <= 100 && logs!.flying <= 20, "the queue is bounded");
    assert.ok(traces!.waiting <= 100 && traces!.flying <= 20, "the queue is bounded");
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never happened: ${what}`);
}

const FAULTS: Record<string, { answer: Answer; says: RegExp }> = {
  "never answers": { answer: () => false, says: /takes the connection and does not answer in time/ },
  "closes the connection": { answer: (request) => (request.socket.destroy(), false), says: /closes the connection without an answer/ },
  "answers 500": {
    answer: (_request, response) => (response.writeHead(500).end("broken"), false),
    says: /answers 500 Internal Server Error/,
  },
  "answers 429 with a long Retry-After": {
    answer: (_request, response) => (response.writeHead(429, { "retry-after": "3600" }).end(), false),
    says: /asks weir to stop sending for a while/,
  },
  "answers 401": {
    answer: (_request, response) => (response.writeHead(401).end(), false),
    says: /refuses weir \(401\).*OTEL_EXPORTER_OTLP_HEADERS/,
  },
  "answers 404": {
    answer: (_request, response) => (response.writeHead(404).end(), false),
    says: /takes no telemetry \(404\).*otel\.endpoint/,
  },
  "answers 200 with a web page": {
    answer: (_request, response) => (response.writeHead(200, { "content-type": "text/html" }).end("<html>hello</html>"), false),
    says: /does not speak OTLP.*otel\.endpoint/,
  },
};

for (const [fault, { answer, says }] of Object.entries(FAULTS)) {
  test(`a collector that ${fault} costs exactly what it did not acknowledge, says so once, and is back by itself`, async (t) => {
    const server = await collector(t, answer);
    const { telemetry, said } = await session(t, { endpoint: server.url, traces: true, logs: true }, SMALL);
    await offerUntil(
      telemetry,
      () => telemetry.state().logs!.lost >= 150 && telemetry.state().traces!.lost >= 150,
      "more is lost than a queue holds",
    );
    assert.equal(telemetry.state().logs!.sent, 0);
    assert.equal(telemetry.state().logs!.state, "failing");
    assert.match(telemetry.state().logs!.error!, says);
    assert.equal(said.length, 1, said.join("\n"));
    assert.match(said[0]!, says);
    const { otel_logs, otel_traces } = telemetry.lost();
    assert.equal(otel_logs, telemetry.state().logs!.lost);
    assert.equal(otel_traces, telemetry.state().traces!.lost);

    server.answer = accept;
    await offerUntil(
      telemetry,
      () => telemetry.state().logs!.state === "ok" && telemetry.state().traces!.state === "ok",
      "both signals recover",
    );
    assert.equal(telemetry.state().logs!.error, null);
    await telemetry.shutdown(60_000);
    const { logs, traces } = telemetry.state();
    assert.equal(logs!.waiting + logs!.flying, 0);
    assert.equal(server.logs.length, logs!.sent);
    assert.equal(server.spans.length, traces!.sent);
  });
}

test("a collector that drips its answer is given up, and its connections are cut", async (t) => {
  let cut = 0;
  const server = await collector(t, (_request, response) => {
    response.writeHead(200);
    const drip = setInterval(() => response.write(" "), 50);
    response.on("close", () => {
      clearInterval(drip);
      cut++;
    });
    return false;
  });
  const { telemetry, said } = await session(t, { endpoint: server.url, traces: true, logs: true }, SMALL);
  await offerUntil(
    telemetry,
    () => cut >= 2 && telemetry.state().logs!.lost > 0 && telemetry.state().traces!.lost > 0,
    "both signals give up",
  );
  assert.equal(said.length, 1, said.join("\n"));
  assert.match(said[0]!, /does not answer in time/);
  server.answer = accept;
  await offerUntil(
    telemetry,
    () => telemetry.state().logs!.state === "ok" && telemetry.state().traces!.state === "ok",
    "both signals recover",
  );
});

test("a slow collector is waited for; what the queue cannot hold meanwhile is counted, what it took is not", async (t) => {
  const server = await collector(t, (request, response, signal, records) => {
    setTimeout(() => accept(request, response, signal, records), 100);
    return true;
  });
  const { telemetry } = await session(t, { endpoint: server.url, traces: true, logs: true }, SMALL);
  for (let index = 0; index < 300; index++) telemetry.event(blocked());
  await offerUntil(
    telemetry,
    () => telemetry.state().logs!.sent >= 100 && telemetry.state().traces!.sent >= 100,
    "the queue's worth is sent",
  );
  await telemetry.shutdown(60_000);
  const { logs, traces } = telemetry.state();
  sums(logs!);
  assert.ok(logs!.lost > 0);
  assert.equal(server.logs.length, logs!.sent);
  assert.equal(server.spans.length, traces!.sent);
});

test("a short Retry-After is obeyed and nothing is lost", async (t) => {
  let refusals = 0;
  const server = await collector(t, (request, response, signal, records) => {
    if (refusals++ > 0) return accept(request, response, signal, records);
    response.writeHead(429, { "retry-after": "1" }).end();
    return false;
  });
  const { telemetry } = await session(t, { endpoint: server.url, logs: true }, { OTEL_EXPORTER_OTLP_TIMEOUT: "5000" });
  telemetry.event(blocked());
  await until(() => telemetry.state().logs!.sent === 1, "the second try succeeds");
  assert.equal(telemetry.state().logs!.lost, 0);
  assert.equal(refusals, 2);
});

test("of a batch the collector takes in part, the refused part is lost and the rest is sent", async (t) => {
  const server = await collector(t, (_request, response, signal) => {
    const rejected = signal === "logs" ? { rejectedLogRecords: "2" } : { rejectedSpans: 1 };
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ partialSuccess: { ...rejected, errorMessage: "too old" } }));
    return true;
  });
  const { telemetry, said } = await session(t, { endpoint: server.url, traces: true, logs: true }, SMALL);
  for (let index = 0; index < 5; index++) telemetry.event(blocked());
  await until(() => telemetry.state().logs!.sent > 0 && telemetry.state().traces!.sent > 0, "both are answered");
  const { logs, traces } = telemetry.state();
  assert.deepEqual([logs!.sent, logs!.lost], [3, 2]);
  assert.deepEqual([traces!.sent, traces!.lost], [4, 1]);
  assert.equal(said.length, 1);
  assert.match(said[0]!, /complains about the records: too old/);
});

test("a closed port gives one sentence at once, before anything is sent, and a collector that starts there later is found", async (t) => {
  const first = await new Collector().listen();
  const { port, url } = first;
  await first.close();
  const { telemetry, said } = await session(t, { endpoint: url, traces: true, metrics: true, logs: true }, SMALL);
  await until(() => said.length > 0, "the sentence");
  assert.equal(said[0], `warn: nobody listens at ${url}; weir goes on without telemetry; start a collector or set otel.endpoint`);
  await offerUntil(telemetry, () => telemetry.state().logs!.lost > 100 && telemetry.state().metrics!.lost > 0, "records are lost");
  assert.equal(said.length, 1, said.join("\n"));

  const second = await new Collector().listen(port);
  t.after(() => second.close());
  const recovered = (): boolean => Object.values(telemetry.state()).every(({ state }) => state === "ok");
  await offerUntil(telemetry, recovered, "all signals recover");
});

test("shutdown does not wait for a collector that hangs, and counts what it took along", async (t) => {
  const server = await collector(t, () => false);
  const { telemetry } = await session(
    t,
    { endpoint: server.url, traces: true, metrics: true, logs: true },
    {
      OTEL_EXPORTER_OTLP_TIMEOUT: "3000",
      OTEL_BLRP_EXPORT_TIMEOUT: "600000",
      OTEL_BSP_EXPORT_TIMEOUT: "600000",
    },
  );
  for (let index = 0; index < 50; index++) telemetry.event(blocked());
  await until(() => server.requests > 0, "the collector holds a batch");
  await telemetry.shutdown(200);
  for (const signal of ["logs", "traces"] as const) {
    const state = telemetry.state()[signal]!;
    assert.deepEqual([state.offered, state.lost, state.waiting, state.flying], [50, 50, 0, 0]);
  }
  telemetry.event(blocked());
  telemetry.connection(connection());
  assert.equal(telemetry.lost()["otel_logs_budget"], 1);
  assert.equal(telemetry.lost()["otel_traces_budget"], 2);
});

test("beyond the budget records are left out and counted, and offered + left out is all there was", async (t) => {
  const server = await collector(t, accept);
  // A collector on a busy machine may answer late, and what is sent again arrives twice: that is another test's matter.
  const { telemetry } = await session(t, { endpoint: server.url, traces: true, logs: true }, { OTEL_EXPORTER_OTLP_TIMEOUT: "10000" });
  const events = 30_000;
  for (let index = 0; index < events; index++) telemetry.event(blocked());
  await until(() => {
    const { logs, traces } = telemetry.state();
    return logs!.waiting + logs!.flying + traces!.waiting + traces!.flying === 0;
  }, "the queues are empty");
  const lost = telemetry.lost();
  for (const signal of ["logs", "traces"] as const) {
    const state = telemetry.state()[signal]!;
    assert.equal(state.offered + lost[`otel_${signal}_budget`]!, events);
    assert.equal(state.sent + state.lost, state.offered);
  }
  assert.equal(server.logs.length, telemetry.state().logs!.sent);
  assert.equal(server.spans.length, telemetry.state().traces!.sent);
});
