import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { dashboard } from "../../collector/dashboards/generate.ts";
import { METRICS } from "../../otel/metrics-table.ts";
import { prometheusLabel, prometheusSeries } from "../../otel/prometheus.ts";
import { requires, tool } from "../harness/require.ts";
import { SHIPPED, alertExpressions, asked, dashboardExpressions } from "./expressions.ts";

const run = promisify(execFile);
const withPromtool = requires(tool("promtool", "prometheus"));

test("the committed dashboard is what its panels generate", async () => {
  const committed = await readFile(join(SHIPPED, "dashboards/weir.json"), "utf8");
  assert.equal(committed, `${JSON.stringify(dashboard(), null, 2)}\n`, "run `node collector/dashboards/generate.ts`");
});

test("panels do not overlap and lie on the screen", () => {
  const { panels } = dashboard() as { panels: { title: string; gridPos: { x: number; y: number; w: number; h: number } }[] };
  const taken = new Map<string, string>();
  for (const { title, gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.equal(taken.get(`${x},${y}`), undefined, `${title} lies on another panel`);
        taken.set(`${x},${y}`, title);
      }
    }
  }
});

test("promtool accepts the alert rules, the scrape configuration and every query of the dashboard", withPromtool, async (context) => {
  await run("promtool", ["check", "rules", join(SHIPPED, "alerts.yaml")]);
  await run("promtool", ["check", "config", join(SHIPPED, "prometheus.yaml")]);

  const directory = await mkdtemp(join(tmpdir(), "weir-rules-"));
  context.after(() => rm(directory, { recursive: true }));
  const file = join(directory, "dashboard.yaml"); // JSON is YAML
  const check = async (expressions: string[]): Promise<unknown> => {
    const rules = expressions.map((expr, index) => ({ record: `panel:${index}`, expr }));
    await writeFile(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
    return run("promtool", ["check", "rules", file]);
  };
  await check((await dashboardExpressions()).map(({ text }) => text));
  await assert.rejects(check(["sum by (rate(x[5m])"]), /parse error/);
});

test("alerts fire when they should, and only then", withPromtool, async () => {
  await run("promtool", ["test", "rules", join(import.meta.dirname, "alerts.promtool.yaml")]);
});

test("dashboard and alerts ask only for metrics and labels that weir has", async () => {
  const labelsOf = new Map<string, string[]>([["up", []]]); // Prometheus makes this one itself
  for (const metric of METRICS) {
    for (const series of prometheusSeries(metric)) labelsOf.set(series, metric.attributes.map(prometheusLabel));
  }
  const expressions = [...(await dashboardExpressions()), ...(await alertExpressions())];
  assert.ok(expressions.length > 50);
  for (const expression of expressions) {
    const { metrics, labels } = asked(expression);
    assert.ok(metrics.length > 0, `${expression.where} asks for nothing`);
    for (const metric of metrics) assert.ok(labelsOf.has(metric), `${expression.where} asks for ${metric}, which weir does not have`);
    const known = new Set(["instance", "job", "le", ...metrics.flatMap((metric) => labelsOf.get(metric) ?? [])]);
    for (const label of labels)
      assert.ok(known.has(label), `${expression.where} uses the label ${label}, which none of ${metrics.join(", ")} has`);
  }
});

test("what an expression asks for is read from its text", () => {
  const text = 'topk(10, sum by (le, x) (rate(a_total{b="c_d", e!~"f"}[5m] offset 1h)) > 0.5) and on (g) h:i == 1 unless j';
  assert.deepEqual(asked({ where: "", text }), { metrics: ["a_total", "h:i", "j"], labels: ["le", "x", "g", "b", "e"] });
});
