import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { parse } from "yaml";
import { buildCollector, missingForBuild } from "../../collector/build.ts";
import { METRICS, type Metric } from "../../otel/metrics-table.ts";
import { prometheusLabel, prometheusName, prometheusSeries } from "../../otel/prometheus.ts";
import { startCollector } from "../harness/collector.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { SHIPPED } from "./expressions.ts";

const run = promisify(execFile);
const here = requires(root(), tool("curl", "curl"), tool("ip", "iproute2"), await missingForBuild());
const SECOND = 1_000_000_000n;
const now = BigInt(Date.now()) * 1_000_000n;

test("the collector built from the manifest accepts the shipped configuration, and refuses a wrong one", here, async (context) => {
  const binary = await buildCollector();
  const config = (name: string): string[] => ["--config", join(SHIPPED, name)];
  await run(binary, ["validate", ...config("collector.yaml")]);
  await run(binary, ["validate", ...config("collector.yaml"), ...config("to-file.yaml")]);
  await assert.rejects(
    run(binary, ["validate", ...config("collector.yaml"), "--config", "yaml:service::pipelines::logs::exporters: [nowhere]"]),
    /nowhere/,
  );

  const before = process.env["PATH"];
  context.after(() => (process.env["PATH"] = before));
  process.env["PATH"] = "/nowhere";
  assert.equal(await buildCollector(), binary, "a second call builds nothing and needs no Go");
});

test("everything it opens is on loopback", async () => {
  const text = await readFile(join(SHIPPED, "collector.yaml"), "utf8");
  const addresses = [...text.matchAll(/(?:endpoint|host): (\S+)/g)].map(([, address = ""]) => address);
  assert.equal(addresses.length, 5);
  for (const address of addresses) assert.match(address, /127\.0\.0\.1/);
});

test("the image of the compose file is the version the manifest builds", async () => {
  const { services } = parse(await readFile(join(SHIPPED, "compose.yaml"), "utf8")) as { services: { collector: { image: string } } };
  const { dist } = parse(await readFile(join(SHIPPED, "manifest.yaml"), "utf8")) as { dist: { version: string } };
  assert.equal(services.collector.image.split(":")[1], dist.version);
});

test("what is posted comes out in the file, and every metric under its name for Prometheus", here, async () => {
  await using lab = await makeLab({ namespaces: ["host"], links: [] });
  await using collector = await startCollector(lab, "host");
  const post = (signal: string, body: object): Promise<string> =>
    lab.exec(
      "host",
      "curl",
      "-sSf",
      "-H",
      "content-type: application/json",
      "-d",
      JSON.stringify(body),
      `${collector.endpoint}/v1/${signal}`,
    );
  const resource = { attributes: attributes({ "service.name": "weir", "service.instance.id": "1234", "host.name": "river" }) };

  await post("traces", {
    resourceSpans: [
      {
        resource,
        scopeSpans: [
          {
            scope: { name: "weir" },
            spans: [
              {
                traceId: "0af7651916cd43dd8448eb211c80319c",
                spanId: "b7ad6b7169203331",
                name: "tcp",
                kind: 2,
                startTimeUnixNano: String(now),
                endTimeUnixNano: String(now + SECOND),
                attributes: attributes({ "destination.port": 23, "weir.would_drop": true }),
              },
            ],
          },
        ],
      },
    ],
  });
  await post("logs", {
    resourceLogs: [
      {
        resource,
        scopeLogs: [
          {
            logRecords: [
              {
                timeUnixNano: String(now),
                severityText: "WARN",
                eventName: "weir.detection",
                body: { stringValue: "no-telnet" },
                attributes: attributes({ "source.port": 40000 }),
              },
            ],
          },
        ],
      },
    ],
  });
  await post("metrics", { resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: "weir" }, metrics: METRICS.map(sample) }] }] });

  const spans = await eventually("the span in the file", async () => nonEmpty(await collector.spans()));
  assert.deepEqual(
    spans.map(({ name, start, end, attributes }) => ({ name, took: end - start, attributes })),
    [{ name: "tcp", took: SECOND, attributes: { "destination.port": 23, "weir.would_drop": true } }],
  );
  const logs = await eventually("the log record in the file", async () => nonEmpty(await collector.logs()));
  assert.deepEqual(
    logs.map(({ eventName, body, severity, resource, attributes }) => ({
      eventName,
      body,
      severity,
      host: resource["host.name"],
      attributes,
    })),
    [{ eventName: "weir.detection", body: "no-telnet", severity: "WARN", host: "river", attributes: { "source.port": 40000 } }],
  );
  const points = await eventually("the metrics in the file", async () => nonEmpty(await collector.metrics()));
  assert.deepEqual(points.map(({ name }) => name).sort(), METRICS.map(({ name }) => name).sort());

  const scraped = await eventually("the metrics at the scrape endpoint", async () => {
    const text = await collector.scrape();
    return text.includes(prometheusName(METRICS.at(-1)!)) && text;
  });
  const lines = scraped.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const names = new Set(lines.map((line) => line.split(/[{ ]/)[0]));
  assert.deepEqual([...names].sort(), [...METRICS.flatMap(prometheusSeries), "target_info"].sort());
  for (const metric of METRICS) {
    const line = lines.find((line) => line.startsWith(`${prometheusSeries(metric)[0]}{`)) ?? "";
    const labels = [...line.matchAll(/(\w+)="/g)].map(([, label]) => label).filter((label) => label !== "le");
    assert.deepEqual(labels.sort(), [...metric.attributes.map(prometheusLabel), "instance", "job"].sort(), line);
    assert.match(line, /instance="river".*job="weir"/);
  }
});

function attributes(values: Record<string, string | number | boolean>): object[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value:
      typeof value === "string" ? { stringValue: value } : typeof value === "number" ? { intValue: String(value) } : { boolValue: value },
  }));
}

/** One point of a metric, as the SDK would send it. */
function sample(metric: Metric): object {
  const { name, unit, description, kind } = metric;
  const time = { startTimeUnixNano: String(now - SECOND), timeUnixNano: String(now) };
  const point = { ...time, attributes: attributes(Object.fromEntries(metric.attributes.map((key) => [key, "x"]))) };
  const described = { name, unit, description };
  if (kind === "gauge") return { ...described, gauge: { dataPoints: [{ ...point, asDouble: 0.5 }] } };
  if (kind === "histogram") {
    const bucketCounts = ["1", ...metric.boundaries.map(() => "0")];
    return {
      ...described,
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [{ ...point, count: "1", sum: 0.001, explicitBounds: metric.boundaries, bucketCounts }],
      },
    };
  }
  return { ...described, sum: { aggregationTemporality: 2, isMonotonic: kind === "counter", dataPoints: [{ ...point, asInt: "3" }] } };
}

function nonEmpty<T>(list: T[]): T[] | undefined {
  return list.length > 0 ? list : undefined;
}
