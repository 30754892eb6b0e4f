import assert from "node:assert/strict";
import { test } from "node:test";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import type { SystemCallState } from "../../agent/observe/events/snapshot.ts";
import { METRICS } from "../../otel/metrics-table.ts";
import { metricsReference } from "../../otel/metrics-reference.ts";
import { prometheusName, prometheusSeries } from "../../otel/prometheus.ts";
import { readMetrics, SERIES_LIMIT, isHistogram } from "../../otel/series.ts";
import { ownFigures, rule, snapshot } from "./fixtures.ts";

const CONVENTIONAL = new Set<string>(Object.values(conventions).filter((value) => typeof value === "string"));

/** Names of programs: their number is limited where they are counted, see agent/observe/enrich/program-names.ts. */
const LIMITED = "process.executable.name";

test("no metric has an attribute that grows with the traffic: no address, port, process, user or flow", () => {
  for (const { name, attributes } of METRICS) {
    for (const attribute of attributes.filter((one) => one !== LIMITED)) {
      assert.doesNotMatch(attribute, /address|(^|[._])port|pid|process|user|flow|source|destination|seq|uuid/, `${name} by ${attribute}`);
    }
  }
});

test("names are lower-case words with dots, unique, and do not repeat their kind or unit", () => {
  const names = METRICS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, attributes, unit, description } of METRICS) {
    for (const word of [name, ...attributes]) assert.match(word, /^[a-z][a-z0-9]*([._][a-z0-9]+)*$/);
    assert.doesNotMatch(name, /[._](total|count|bytes|seconds|milliseconds|ratio)$/, `${name}: the kind and the unit say this`);
    assert.match(unit, /^(1|s|By|\{[a-z]+\})$/);
    assert.match(description, /\.$/);
  }
});

test("names and attributes are weir's own only where the semantic conventions have none", () => {
  for (const { name, attributes } of METRICS) {
    for (const word of [name, ...attributes]) assert.equal(word.startsWith("weir."), !CONVENTIONAL.has(word), word);
  }
});

test("counters count things or bytes or seconds; only gauges are ratios", () => {
  for (const { name, kind, unit } of METRICS) if (unit === "1") assert.equal(kind, "gauge", name);
});

test("Prometheus names are those of the collector's exporter", () => {
  // Checked against the translator that the collector's Prometheus exporter uses.
  assert.deepEqual(
    METRICS.map((metric) => prometheusName(metric)),
    [
      "weir_packets_total",
      "weir_io_bytes_total",
      "weir_rule_matches_total",
      "weir_undecided_total",
      "weir_rejects_total",
      "weir_drops_others_total",
      "weir_socket_events_total",
      "weir_sockets_bypassing",
      "weir_socket_events_suppressed_total",
      "weir_socket_errors_total",
      "weir_socket_failures_total",
      "weir_socket_ports_new_total",
      "weir_system_calls_total",
      "weir_system_calls_traced",
      "weir_system_calls_added_time_seconds",
      "weir_flows_active",
      "weir_flows_inserted_total",
      "weir_flows_deleted_total",
      "weir_flows_evicted_total",
      "weir_flows_would_drop",
      "weir_flows_would_drop_evicted_total",
      "weir_flow_duration_seconds",
      "weir_tcp_rtt_seconds",
      "weir_tcp_retransmissions",
      "weir_tcp_segments_total",
      "weir_tcp_connect_duration_seconds",
      "weir_process_connections_total",
      "weir_process_io_bytes_total",
      "weir_events_emitted_total",
      "weir_events_received_total",
      "weir_events_pending",
      "weir_events_lost_total",
      "weir_events_suppressed_total",
      "weir_ring_fill_ratio",
      "weir_faults_total",
      "weir_answers_believed_total",
      "weir_lookups_skipped_total",
      "weir_rules_loaded",
      "weir_bans_active",
      "weir_mode",
      "weir_health",
      "weir_interfaces",
      "weir_interfaces_absent",
      "weir_packets_unseen_total",
      "weir_config_refused",
      "weir_config_reloads_total",
      "weir_config_failures_total",
      "weir_telemetry_records_total",
      "weir_telemetry_queued",
      "process_memory_usage_bytes",
      "process_cpu_time_seconds_total",
      "nodejs_eventloop_delay_max_seconds",
      "weir_metrics_folded",
    ],
  );
  assert.deepEqual(prometheusSeries({ name: "weir.flow.duration", kind: "histogram", unit: "s" }), [
    "weir_flow_duration_seconds_bucket",
    "weir_flow_duration_seconds_sum",
    "weir_flow_duration_seconds_count",
  ]);
  assert.equal(prometheusName({ name: "a.bytes.total", kind: "counter", unit: "By" }), "a_bytes_total");
});

/** What succeeded has no error. */
function isOptional(metric: string, attribute: string): boolean {
  return metric === "weir.system_calls" && attribute === "error.type";
}

test("every metric reads a value for each of its attributes, and no series twice", () => {
  for (const { metric, points } of readMetrics(snapshot(), ownFigures())) {
    if (metric.name !== "weir.metrics.folded") assert.ok(points.length > 0, `${metric.name} reads nothing`);
    const seen = points.map(({ attributes }) => JSON.stringify(attributes));
    assert.equal(new Set(seen).size, seen.length, metric.name);
    for (const { attributes } of points) {
      const expected = metric.attributes.filter((name) => name in attributes || !isOptional(metric.name, name));
      assert.deepEqual(Object.keys(attributes), expected, metric.name);
      for (const value of Object.values(attributes)) assert.equal(typeof value, "string", metric.name);
    }
  }
});

test("a rule's matches are told by what became of them", () => {
  const matches = readMetrics(snapshot(), ownFigures()).find(({ metric }) => metric.name === "weir.rule.matches");
  assert.deepEqual(matches!.points, [
    { attributes: { "security_rule.name": "no-telnet-in", "weir.verdict": "dropped" }, value: 4 },
    { attributes: { "security_rule.name": "no-telnet-in", "weir.verdict": "would_drop" }, value: 3 },
    { attributes: { "security_rule.name": "default", "weir.verdict": "passed" }, value: 11 },
  ]);
});

test("a system call has its error, and none if it succeeded", () => {
  const calls = readMetrics(snapshot(), ownFigures()).find(({ metric }) => metric.name === "weir.system_calls");
  assert.deepEqual(calls!.points, [
    { attributes: { "weir.system_call": "connect", "process.executable.name": "other" }, value: 0 },
    { attributes: { "weir.system_call": "connect", "process.executable.name": "curl" }, value: 5 },
    { attributes: { "weir.system_call": "connect", "process.executable.name": "curl", "error.type": "ETIMEDOUT" }, value: 2 },
  ]);
});

test("tracing that is left out is told apart from tracing that is not wanted, and costs nothing", () => {
  const read = (name: string, system_calls: SystemCallState): object[] =>
    readMetrics(snapshot({ probes: { system_calls } }), ownFigures()).find(({ metric }) => metric.name === name)!.points;
  const state = (of: SystemCallState): object | undefined =>
    (read("weir.system_calls.traced", of) as { attributes: object; value: number }[]).find(({ value }) => value === 1)?.attributes;
  const off: SystemCallState = { state: "off", attached: [], added_ns: 400 };
  assert.deepEqual(state({ state: "on", attached: ["sys_exit_bind"], added_ns: 18 }), { "weir.system_calls.state": "on" });
  assert.deepEqual(state(off), { "weir.system_calls.state": "off" });
  assert.deepEqual(state({ ...off, reason: "too slow" }), { "weir.system_calls.state": "left_out" });
  assert.deepEqual(read("weir.system_calls.added_time", { ...off, state: "on" }), [{ attributes: {}, value: 4e-7 }]);
  assert.deepEqual(read("weir.system_calls.added_time", off), [{ attributes: {}, value: 0 }]);
});

test("with more rules than series the quiet ones make room, then the rest is added up, marked and counted", () => {
  const rules = Array.from({ length: 10_000 }, (_, index) => rule({ name: `rule-${index}`, dropped: index % 2, would_drop: 0 }));
  const all = readMetrics(snapshot({ rules }), ownFigures());
  const points = (name: string): { attributes: object; value: unknown }[] => all.find(({ metric }) => metric.name === name)!.points;
  const matches = points("weir.rule.matches");
  assert.equal(matches.length, SERIES_LIMIT);
  assert.deepEqual(matches.at(-1), { attributes: { "otel.metric.overflow": true }, value: 5000 - (SERIES_LIMIT - 1) });
  assert.equal(
    matches.reduce((sum, { value }) => sum + (value as number), 0),
    5000,
  );
  assert.deepEqual(
    points("weir.metrics.folded").filter(({ value }) => value !== 0),
    [{ attributes: { "weir.metric": "weir.rule.matches" }, value: 5000 - (SERIES_LIMIT - 1) }],
  );
  for (const series of all) assert.ok(series.points.length <= SERIES_LIMIT);
});

test("a histogram has one bucket more than it has boundaries", () => {
  for (const series of readMetrics(snapshot(), ownFigures()).filter(isHistogram)) {
    for (const { value } of series.points) assert.equal(value.counts.length, series.metric.boundaries.length + 1);
    assert.deepEqual(
      [...series.metric.boundaries].sort((a, b) => a - b),
      series.metric.boundaries,
    );
  }
});

test("the reference has a row for every metric", () => {
  const rows = metricsReference().trimEnd().split("\n");
  assert.equal(rows.length, METRICS.length + 2);
  assert.ok(
    rows.includes(
      "| `weir.io` | `weir_io_bytes_total` | counter | `By` | `network.io.direction`, `network.interface.name`, `network.transport`, `weir.verdict` | Bytes of packets by verdict. |",
    ),
  );
  for (const row of rows) assert.equal(row.split("|").length, rows[0]!.split("|").length, row);
});
