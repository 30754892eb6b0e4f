import assert from "node:assert/strict";
import { test } from "node:test";
import { METRICS } from "../../otel/metrics-table.ts";
import { prometheusName, renderPrometheus } from "../../otel/prometheus.ts";
import { ownFigures, rule, snapshot } from "./fixtures.ts";

test("every metric has help, a type and its series, in the text format of Prometheus", () => {
  const lines = renderPrometheus(snapshot(), ownFigures()).split("\n");
  assert.equal(lines.pop(), "");
  for (const metric of METRICS.filter(({ name }) => name !== "weir.metrics.folded")) {
    const name = prometheusName(metric);
    const start = lines.indexOf(`# HELP ${name} ${metric.description}`);
    assert.ok(start >= 0, name);
    assert.match(lines[start + 1]!, new RegExp(`^# TYPE ${name} (counter|gauge|histogram)$`));
    assert.ok(lines[start + 2]!.startsWith(name));
  }
  for (const line of lines.filter((text) => !text.startsWith("#"))) assert.match(line, /^[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [0-9.e+-]+$/);
});

test("a value that goes up and down is a gauge, as the collector makes it", () => {
  const text = renderPrometheus(snapshot(), ownFigures());
  assert.match(text, /^# TYPE weir_flows_active gauge\nweir_flows_active 6$/m);
  assert.match(text, /^# TYPE weir_packets_total counter$/m);
  assert.match(text, /^weir_mode\{weir_mode="detect"\} 1\nweir_mode\{weir_mode="prevent"\} 0$/m);
});

test("what succeeded has no label for an error, which Prometheus takes for an empty one", () => {
  const text = renderPrometheus(snapshot(), ownFigures());
  assert.ok(text.includes('weir_system_calls_total{weir_system_call="connect",process_executable_name="curl"} 5\n'));
  assert.ok(text.includes('weir_system_calls_total{weir_system_call="connect",process_executable_name="curl",error_type="ETIMEDOUT"} 2\n'));
  assert.match(text, /^weir_system_calls_added_time_seconds 1\.8e-8$/m);
});

test("the buckets of a histogram add up to its count", () => {
  const text = renderPrometheus(snapshot(), ownFigures());
  const labels = 'network_io_direction="receive",network_transport="tcp",weir_verdict="passed"';
  assert.ok(text.includes(`weir_flow_duration_seconds_bucket{${labels},le="0.01"} 0\n`));
  assert.ok(text.includes(`weir_flow_duration_seconds_bucket{${labels},le="0.1"} 2\n`));
  assert.ok(text.includes(`weir_flow_duration_seconds_bucket{${labels},le="+Inf"} 2\n`));
  assert.ok(text.includes(`weir_flow_duration_seconds_sum{${labels}} 0.1\n`));
  assert.ok(text.includes(`weir_flow_duration_seconds_count{${labels}} 2\n`));
});

test("what an operator may write in a name cannot break a line", () => {
  const text = renderPrometheus(snapshot({ rules: [rule({ name: 'a"b\\c\nd' })] }), ownFigures());
  assert.ok(text.includes('security_rule_name="a\\"b\\\\c\\nd"'));
});

test("what never happened is there with 0 where an alert asks for it, and left out elsewhere", () => {
  const text = renderPrometheus(snapshot({ faults: {}, undecided: {}, traffic: [], rejects: {} }), ownFigures());
  for (const series of [
    'weir_faults_total{weir_fault="flow_insert"}',
    'weir_undecided_total{error_type="opener_unknown"}',
    'weir_metrics_folded{weir_metric="weir.packets"}',
  ])
    assert.ok(text.includes(`${series} 0\n`), series);
  assert.match(text, /^weir_packets_total\{.*weir_verdict="dropped"\} 0$/m);
  assert.doesNotMatch(text, /weir_rejects/);
});
