import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { attributesOf, Collector, until, type MetricRecord } from "./collector.ts";
import { connection, rule, snapshot, verdict } from "./fixtures.ts";
import { session } from "./session.ts";

async function collector(t: TestContext): Promise<Collector> {
  const made = await new Collector().listen();
  t.after(() => made.close());
  return made;
}

function nanoseconds(milliseconds: number): string {
  return (BigInt(Math.trunc(milliseconds)) * 1_000_000n + BigInt(Math.round((milliseconds % 1) * 1e6))).toString();
}

/** The end of the connection that the event is about. */
function connectionOf(
  { direction, interface: device, protocol, source, destination }: ReturnType<typeof verdict>,
  fields: Parameters<typeof connection>[0],
): ReturnType<typeof connection> {
  return connection({ direction, interface: device, protocol, source, destination, ...fields });
}

test("a connection becomes one span, with its own times, ends and counters", async (t) => {
  const server = await collector(t);
  const { telemetry } = await session(t, { endpoint: server.url, traces: true });
  const event = connection();
  telemetry.connection(event);
  await until(() => server.spans.length > 0, "a span arrives");
  assert.equal(server.spans.length, 1);
  const [span] = server.spans;
  assert.equal(span!.name, "tcp egress");
  assert.equal(span!.kind, 3); // CLIENT
  assert.equal(span!.startTimeUnixNano, nanoseconds(event.opened));
  assert.equal(span!.endTimeUnixNano, nanoseconds(event.closed));
  assert.deepEqual(span!.events, []);
  assert.deepEqual(attributesOf(span!), {
    "network.io.direction": "transmit",
    "network.interface.name": "eth0",
    "network.transport": "tcp",
    "network.type": "ipv6",
    "source.address": "2001:db8::1",
    "source.port": 50000,
    "destination.address": "2001:db8::2",
    "destination.port": 443,
    "security_rule.name": "default",
    "weir.rule.action": "allow",
    "weir.rule.enforce": true,
    "weir.rule.source": "built-in",
    "weir.event.type": "ALLOWED",
    "weir.verdict": "passed",
    "weir.would_drop": false,
    "weir.connection.end": "closed",
    "weir.opener.packets": 5,
    "weir.opener.bytes": 500,
    "weir.responder.packets": 4,
    "weir.responder.bytes": 4000,
  });
});

test("a connection that began before the agent, or whose clock ran backwards, keeps a span that is not negative", async (t) => {
  const server = await collector(t);
  const { telemetry } = await session(t, { endpoint: server.url, traces: true });
  telemetry.connection(connection({ opened: 1_000_000_000_000.5, closed: 999_999_999_999 }));
  await until(() => server.spans.length > 0, "a span arrives");
  assert.equal(server.spans[0]!.startTimeUnixNano, "1000000000000500000");
  assert.equal(server.spans[0]!.endTimeUnixNano, "1000000000000500000");
});

test("what would be dropped is a log record that points at the span of its connection", async (t) => {
  const server = await collector(t);
  const { telemetry } = await session(t, { endpoint: server.url, traces: true, logs: true });
  const event = verdict();
  telemetry.event(event);
  await until(() => server.logs.length > 0, "the log record arrives");
  assert.equal(server.spans.length, 0, "the connection goes on");
  const ended = connectionOf(event, { type: "DETECTED", verdict: "would_drop", would_drop: true, rule: event.rule });
  telemetry.connection(ended);
  await until(() => server.spans.length > 0, "the span arrives");
  assert.equal(server.spans.length, 1);
  const [span] = server.spans;
  assert.equal(span!.name, "tcp ingress");
  assert.equal(span!.kind, 2); // SERVER
  assert.equal(span!.startTimeUnixNano, nanoseconds(event.time));
  assert.equal(span!.endTimeUnixNano, nanoseconds(ended.closed));
  assert.deepEqual(
    span!.events.map(({ name }) => name),
    ["weir.detection"],
  );
  assert.equal(span!.status.code, 0);
  assert.deepEqual(
    [attributesOf(span!)["weir.verdict"], attributesOf(span!)["weir.would_drop"], attributesOf(span!)["weir.opener.packets"]],
    ["would_drop", true, 5],
  );
  const [record] = server.logs;
  assert.deepEqual([record!.traceId, record!.spanId], [span!.traceId, span!.spanId]);
  assert.equal(record!.eventName, "weir.detection");
  assert.equal(record!.severityText, "WARN");
  assert.equal(record!.timeUnixNano, nanoseconds(event.time));
  assert.equal(
    record!.body.stringValue,
    "Rule no-telnet-in would drop tcp 198.18.0.1:40000 > 198.18.0.2:23, ingress on eth0, by telnetd (pid 812)",
  );
  assert.deepEqual(attributesOf(record!), {
    "network.io.direction": "receive",
    "network.interface.name": "eth0",
    "network.transport": "tcp",
    "network.type": "ipv4",
    "source.address": "198.18.0.1",
    "source.port": 40000,
    "destination.address": "198.18.0.2",
    "destination.port": 23,
    "security_rule.name": "no-telnet-in",
    "weir.rule.action": "block",
    "weir.rule.enforce": true,
    "weir.rule.source": "weir.yaml:12",
    "process.pid": 812,
    "process.user.id": 0,
    "process.executable.name": "telnetd",
    "process.executable.path": "/usr/sbin/telnetd",
    "weir.event.type": "DETECTED",
    "weir.event.sequence": 1042,
    "weir.verdict": "would_drop",
    "weir.would_drop": true,
  });
});

test("a dropped packet's span has failed, and its sentence says so", async (t) => {
  const server = await collector(t);
  const { telemetry } = await session(t, { endpoint: server.url, traces: true, logs: true });
  telemetry.event(verdict({ type: "BLOCKED", verdict: "dropped", would_drop: false }));
  await until(() => server.spans.length > 0 && server.logs.length > 0, "both arrive");
  assert.deepEqual(server.spans[0]!.status, { code: 2, message: "dropped by rule no-telnet-in" });
  assert.match(server.logs[0]!.body.stringValue, /^Rule no-telnet-in dropped tcp /);
});

test("a staged rule's detection is found by the same filter, and points at its connection's span as well", async (t) => {
  const server = await collector(t);
  const { telemetry } = await session(t, { endpoint: server.url, traces: true, logs: true });
  const event = verdict({ verdict: "passed" });
  telemetry.event(event);
  telemetry.connection(connectionOf(event, { type: "DETECTED", would_drop: true }));
  await until(() => server.spans.length > 0 && server.logs.length > 0, "both arrive");
  assert.equal(server.spans.length, 1);
  const [span] = server.spans;
  const [record] = server.logs;
  assert.deepEqual(
    span!.events.map(({ name }) => name),
    ["weir.detection"],
  );
  assert.deepEqual([record!.traceId, record!.spanId], [span!.traceId, span!.spanId]);
  for (const one of [span!, record!])
    assert.deepEqual([attributesOf(one)["weir.verdict"], attributesOf(one)["weir.would_drop"]], ["would_drop", true]);
});

test("a packet that was dropped, or belongs to no connection, has a span without length", async (t) => {
  const server = await collector(t);
  const { telemetry } = await session(t, { endpoint: server.url, traces: true, logs: true });
  telemetry.event(verdict({ type: "BLOCKED", verdict: "dropped", would_drop: false }));
  telemetry.event(verdict({ type: "UNDECIDED", reason: "tcp_header_length" }));
  await until(() => server.spans.length > 1, "both arrive");
  for (const { startTimeUnixNano, endTimeUnixNano } of server.spans) assert.equal(endTimeUnixNano, startTimeUnixNano);
});

test("an undecided packet tells its reason, an allowed one leaves no log record", async (t) => {
  const server = await collector(t);
  const { telemetry } = await session(t, { endpoint: server.url, traces: true, logs: true });
  telemetry.event(verdict({ type: "ALLOWED", verdict: "passed", would_drop: false }));
  telemetry.event(
    verdict({
      type: "UNDECIDED",
      verdict: "undecided",
      would_drop: false,
      reason: "tcp_header_length",
      process: undefined as never,
      source: { address: "2001:db8::1" },
      destination: { address: "2001:db8::2" },
      rule: { name: "on_error", action: "allow", enforce: true, source: "built-in" },
    }),
  );
  await until(() => server.logs.length > 0, "the undecided one arrives");
  assert.equal(server.logs.length, 1);
  assert.equal(server.logs[0]!.eventName, "weir.undecided");
  assert.equal(attributesOf(server.logs[0]!)["error.type"], "tcp_header_length");
  assert.equal(
    server.logs[0]!.body.stringValue,
    "tcp 2001:db8::1 > 2001:db8::2, ingress on eth0, could not be decided (tcp_header_length); on_error says allow",
  );
  assert.equal(server.spans.length, 0);
});

test("changes are log records with their own names and severities", async (t) => {
  const server = await collector(t);
  const { telemetry } = await session(t, { endpoint: server.url, logs: true });
  telemetry.changed("weir.mode.changed", { mode: "prevent", previous: "detect" });
  telemetry.changed("weir.rules.changed", { generation: 4, loaded: 12 });
  telemetry.changed("weir.attach.changed", { interface: "eth1", direction: "egress", hook: "none", reason: "the interface is gone" });
  telemetry.changed("weir.events.lost", { stage: "ring", count: 1 });
  telemetry.changed("weir.config.rejected", { path: "weir.yaml", error: "weir.yaml:3:5: unknown key" });
  telemetry.changed("weir.health.changed", { state: "degraded", reasons: ["audit.log cannot be written"] });
  await until(() => server.logs.length === 6, "six records arrive");
  assert.deepEqual(
    server.logs.map(({ eventName, severityText, body }) => [eventName, severityText, body.stringValue]),
    [
      ["weir.mode.changed", "WARN", "The mode changed from detect to prevent"],
      ["weir.rules.changed", "INFO", "Rules of generation 4 are in force: 12 loaded"],
      ["weir.attach.changed", "WARN", "No program watches egress on eth1: the interface is gone"],
      ["weir.events.lost", "WARN", "1 event was lost in ring"],
      ["weir.config.rejected", "ERROR", "weir.yaml was refused and the configuration before it stays in force: weir.yaml:3:5: unknown key"],
      ["weir.health.changed", "WARN", "weir is degraded: audit.log cannot be written"],
    ],
  );
});

function metric(server: Collector, name: string): MetricRecord | undefined {
  return server.metrics.findLast((candidate) => candidate.name === name);
}

test("metrics arrive with kinds, units, attributes and the snapshot's values", async (t) => {
  const server = await collector(t);
  const { telemetry } = await session(t, { endpoint: server.url, metrics: true });
  telemetry.connection(connection());
  await until(() => metric(server, "weir.flow.duration") !== undefined, "a collection with the duration arrives");
  const packets = metric(server, "weir.packets")!;
  assert.equal(packets.unit, "{packet}");
  assert.equal(packets.sum!.isMonotonic, true);
  assert.equal(packets.sum!.aggregationTemporality, 2); // CUMULATIVE
  assert.deepEqual(
    packets.sum!.dataPoints.map((point) => [attributesOf(point), point.asInt]).filter(([, value]) => value !== 0),
    [
      [{ "network.io.direction": "receive", "network.interface.name": "eth0", "network.transport": "tcp", "weir.verdict": "passed" }, 11],
      [
        { "network.io.direction": "transmit", "network.interface.name": "eth0", "network.transport": "udp", "weir.verdict": "would_drop" },
        3,
      ],
    ],
  );
  assert.equal(metric(server, "weir.ring.fill")!.gauge!.dataPoints[0]!.asDouble, 0.25);
  assert.equal(metric(server, "weir.flows.active")!.sum!.isMonotonic, false);
  const duration = metric(server, "weir.flow.duration")!.histogram!.dataPoints[0]!;
  assert.equal(duration.count, 1);
  assert.equal(duration.sum, 1.5);
  assert.equal(duration.bucketCounts![duration.explicitBounds!.findIndex((bound) => bound >= 1.5)], 1);
});

test("delta temporality, asked for by variable, sends what came since the last collection", async (t) => {
  const server = await collector(t);
  let packets = 100;
  const read = (): ReturnType<typeof snapshot> => snapshot({ rules: [rule({ dropped: packets, would_drop: 0 })] });
  await session(t, { endpoint: server.url, metrics: true, snapshot: read }, { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta" });
  const all = (): MetricRecord[] => server.metrics.filter(({ name }) => name === "weir.rule.matches");
  const dropped = (): unknown[] =>
    all().map(({ sum }) => sum!.dataPoints.find((point) => attributesOf(point)["weir.verdict"] === "dropped")!.asInt);
  await until(() => all().length === 1, "the first collection arrives");
  packets = 130;
  await until(() => dropped().includes(30), "the difference arrives");
  packets = 5;
  await until(() => dropped().includes(5), "a counter that began again arrives whole");
  assert.equal(dropped()[0], 100);
  assert.equal(all()[0]!.sum!.aggregationTemporality, 1); // DELTA
  assert.equal(metric(server, "weir.flows.active")!.sum!.aggregationTemporality, 2);
});

test("the resource names service, host and system; configuration adds to it, and variables win", async (t) => {
  const server = await collector(t);
  const { telemetry } = await session(
    t,
    { endpoint: server.url, logs: true, resource: { "deployment.environment.name": "lab", site: "a" } },
    {
      OTEL_RESOURCE_ATTRIBUTES: "site=b",
      OTEL_EXPORTER_OTLP_HEADERS: "x-token=abc",
    },
  );
  telemetry.changed("weir.rules.changed", { generation: 1, loaded: 0 });
  await until(() => server.resources.length > 0, "a batch arrives");
  const [resource] = server.resources;
  assert.equal(resource!["service.name"], "weir");
  assert.match(String(resource!["service.version"]), /^\d+\.\d+\.\d+/);
  assert.match(String(resource!["service.instance.id"]), /^[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(resource!["host.name"], hostname());
  assert.equal(resource!["os.type"], "linux");
  assert.equal(resource!["deployment.environment.name"], "lab");
  assert.equal(resource!["site"], "b");
  assert.equal(server.headers[0]!["x-token"], "abc");
});

test("variables decide where to and whether at all", async (t) => {
  const server = await collector(t);
  const { telemetry } = await session(
    t,
    { endpoint: "http://127.0.0.1:9", traces: true, metrics: true, logs: false },
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
      OTEL_TRACES_EXPORTER: "none",
      OTEL_LOGS_EXPORTER: "otlp",
      OTEL_SERVICE_NAME: "river",
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${server.url}/elsewhere/metrics`,
    },
  );
  telemetry.event(verdict());
  await until(() => server.logs.length > 0 && server.metrics.length > 0, "logs and metrics arrive");
  assert.equal(server.resources[0]!["service.name"], "river");
  assert.deepEqual(Object.keys(telemetry.state()).sort(), ["logs", "metrics"]);
  assert.equal(telemetry.state().metrics!.endpoint, `${server.url}/elsewhere/metrics`);
  assert.equal(server.spans.length, 0);
});

test("with OTEL_SDK_DISABLED nothing is sent, and the agent's own figures still count", async (t) => {
  const server = await collector(t);
  const { telemetry } = await session(t, { endpoint: server.url, traces: true, metrics: true, logs: true }, { OTEL_SDK_DISABLED: "true" });
  telemetry.event(verdict());
  telemetry.connection(connection());
  telemetry.changed("weir.rules.changed", { generation: 1, loaded: 0 });
  assert.deepEqual(telemetry.state(), {});
  assert.deepEqual(telemetry.lost(), {});
  assert.equal(telemetry.figures().durations.length, 1);
  await telemetry.shutdown(100);
  assert.equal(server.requests, 0);
});

test("the console stays silent, whatever log level the SDK is asked for", async (t) => {
  const server = await collector(t);
  const program = `
    import { startTelemetry } from ${JSON.stringify(import.meta.resolve("../../otel/start.ts"))};
    import { snapshot, verdict } from ${JSON.stringify(import.meta.resolve("./fixtures.ts"))};
    let details = 0;
    const telemetry = await startTelemetry({
      endpoint: ${JSON.stringify(server.url)}, traces: true, metrics: true, logs: true, resource: {}, snapshot,
      say: (level, text) => { if (text.startsWith("OpenTelemetry:")) details++; },
    });
    telemetry.event(verdict());
    await telemetry.shutdown(60_000);
    process.exit(details > 0 ? 7 : 8);
  `;
  const environment = { ...process.env, OTEL_LOG_LEVEL: "debug" };
  const child = spawn(process.execPath, ["--input-type=module-typescript", "--eval", program], {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let written = "";
  child.stdout.on("data", (chunk) => (written += chunk));
  child.stderr.on("data", (chunk) => (written += chunk));
  const [code] = await once(child, "close");
  assert.equal(written, "");
  assert.equal(code, 7, "the details were said instead");
  assert.equal(server.spans.length, 1);
});

test("shutdown sends what is queued, the last metrics too, and leaves room for another start", async (t) => {
  const server = await collector(t);
  const slow = { OTEL_BSP_SCHEDULE_DELAY: "600000", OTEL_BLRP_SCHEDULE_DELAY: "600000", OTEL_METRIC_EXPORT_INTERVAL: "600000" };
  for (let round = 1; round <= 2; round++) {
    const { telemetry } = await session(t, { endpoint: server.url, traces: true, metrics: true, logs: true }, slow);
    telemetry.event(verdict());
    await telemetry.shutdown(60_000);
    assert.equal(server.spans.length, round);
    assert.equal(server.logs.length, round);
    assert.equal(server.metrics.filter(({ name }) => name === "weir.packets").length, round);
    assert.deepEqual(telemetry.lost(), {});
  }
});

test("shutdown sends a queue of many batches whole", async (t) => {
  const server = await collector(t);
  const { telemetry } = await session(
    t,
    { endpoint: server.url, traces: true, logs: true },
    {
      OTEL_BSP_MAX_QUEUE_SIZE: "600",
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "20",
      OTEL_BLRP_MAX_QUEUE_SIZE: "600",
      OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: "20",
      OTEL_EXPORTER_OTLP_TIMEOUT: "10000",
    },
  );
  for (let index = 0; index < 600; index++)
    telemetry.event(verdict({ seq: index, source: { address: "198.18.0.1", port: 40_000 + index } }));
  await telemetry.shutdown(60_000);
  assert.deepEqual(telemetry.lost(), {});
  assert.equal(server.spans.length, 600);
  assert.equal(server.logs.length, 600);
});
