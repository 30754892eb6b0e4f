import assert from "node:assert/strict";
import { test } from "node:test";
import { planTelemetry } from "../../otel/environment.ts";

const ALL = { endpoint: "http://127.0.0.1:4318", traces: true, metrics: true, logs: true };

test("without variables the configuration decides", () => {
  const plan = planTelemetry({ ...ALL, endpoint: "http://collector:4318/base/", traces: false }, {});
  assert.deepEqual(Object.keys(plan.targets), ["metrics", "logs"]);
  assert.deepEqual(plan.targets.logs, {
    exporter: "otlp",
    protocol: "http/json",
    url: "http://collector:4318/base/v1/logs",
    setBy: "otel.endpoint",
    asked: true,
    tls: {},
    patience: 10_000,
    deadline: 15_000,
  });
  assert.deepEqual(plan.warnings, []);
});

test("a variable for one signal wins over the one for all, and that over the configuration", () => {
  const { targets } = planTelemetry(ALL, {
    OTEL_EXPORTER_OTLP_ENDPOINT: "https://all:1",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://own:2/path",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "grpc",
  });
  assert.deepEqual([targets.traces!.url, targets.traces!.setBy], ["http://own:2/path", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]);
  assert.deepEqual([targets.logs!.url, targets.logs!.setBy], ["https://all:1/v1/logs", "OTEL_EXPORTER_OTLP_ENDPOINT"]);
  assert.equal(targets.logs!.protocol, "http/protobuf");
  assert.deepEqual([targets.metrics!.url, targets.metrics!.protocol], ["https://all:1", "grpc"]);
});

test("exporter variables switch signals on and off", () => {
  const off = { ...ALL, traces: false };
  const plan = planTelemetry(off, { OTEL_TRACES_EXPORTER: "otlp", OTEL_METRICS_EXPORTER: "none", OTEL_LOGS_EXPORTER: "console" });
  assert.deepEqual(Object.keys(plan.targets), ["traces", "logs"]);
  assert.equal(plan.targets.logs!.exporter, "console");
  assert.deepEqual(planTelemetry(ALL, { OTEL_SDK_DISABLED: "TRUE" }).targets, {});
});

test("queues obey the variables, and no more batches are queued than the SDK flushes at once", () => {
  const { spans, logs, interval } = planTelemetry(ALL, {
    OTEL_BSP_MAX_QUEUE_SIZE: "100000",
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "100",
    OTEL_BLRP_MAX_QUEUE_SIZE: "50",
    OTEL_METRIC_EXPORT_INTERVAL: "1000",
  });
  assert.deepEqual([spans.batch, spans.capacity], [100, 3000]);
  assert.deepEqual([logs.batch, logs.capacity], [50, 50]);
  assert.equal(interval, 1000);
});

test("a batch is given up before the next collection, and the exporter before that, so that it can say why", () => {
  const { targets } = planTelemetry(ALL, {
    OTEL_METRIC_EXPORT_INTERVAL: "1000",
    OTEL_EXPORTER_OTLP_TIMEOUT: "3000",
    OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: "700",
  });
  assert.deepEqual([targets.metrics!.patience, targets.metrics!.deadline], [800, 1000]);
  assert.deepEqual([targets.traces!.patience, targets.traces!.deadline], [3000, 15_000]);
  assert.deepEqual([targets.logs!.patience, targets.logs!.deadline], [700, 15_000]);
});

test("an empty variable is no variable; a wrong one is told once and passed over", () => {
  assert.equal(planTelemetry(ALL, { OTEL_EXPORTER_OTLP_ENDPOINT: " " }).targets.logs!.setBy, "otel.endpoint");
  const plan = planTelemetry(ALL, {
    OTEL_EXPORTER_OTLP_ENDPOINT: "collector port 4318",
    OTEL_EXPORTER_OTLP_PROTOCOL: "smoke",
    OTEL_BSP_MAX_QUEUE_SIZE: "-1",
    OTEL_TRACES_EXPORTER: "zipkin",
    OTEL_EXPORTER_OTLP_CERTIFICATE: "/nonexistent/ca.pem",
  });
  assert.deepEqual(plan.targets.traces!.url, "http://127.0.0.1:4318/v1/traces");
  assert.deepEqual(plan.warnings.map((warning) => warning.split(/[=:]/)[0]).sort(), [
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_TRACES_EXPORTER",
  ]);
  for (const warning of plan.warnings) assert.match(warning, /; (weir goes on as if it were not set|set otlp, console or none)$/);
});

test("gRPC needs an address that somebody asked for: nobody can look at who is at the other end of its connections", () => {
  const unasked = { traces: true, metrics: false, logs: false };
  const { targets, warnings } = planTelemetry(unasked, { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" });
  assert.deepEqual([targets, warnings.length], [{}, 1]);
  assert.match(warnings[0]!, /set OTEL_EXPORTER_OTLP_ENDPOINT/);
  const asked = planTelemetry(unasked, { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4317" });
  assert.deepEqual([asked.targets.traces!.asked, asked.warnings], [true, []]);
  const usual = planTelemetry(unasked, {}).targets.traces!;
  assert.deepEqual([usual.url, usual.asked], ["http://127.0.0.1:4318/v1/traces", false]);
});

test("an endpoint whose port is usually that of the other protocol is warned of once, with the port to name", () => {
  const warnings = (endpoint: string, protocol?: string) =>
    planTelemetry({ ...ALL, endpoint }, protocol === undefined ? {} : { OTEL_EXPORTER_OTLP_PROTOCOL: protocol }).warnings;
  assert.deepEqual(warnings("http://collector:4317"), [
    "otel.endpoint names port 4317, where collectors usually speak gRPC, and weir sends HTTP; name port 4318, or set OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
  ]);
  assert.match(warnings("http://collector:4318", "grpc").join(), /^otel\.endpoint names port 4318, .*name port 4317/);
  assert.deepEqual(
    [...warnings("http://collector:4318"), ...warnings("http://collector:4317", "grpc"), ...warnings("https://collector/otlp")],
    [],
  );
});
