/** What the dashboard and the alerts ask for is what a live agent answers, by way of the collector or by itself. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";

import { u32 } from "../../agent/kernel/maps.ts";
import { missingForBuild } from "../../collector/build.ts";
import { describeMetrics, readSeries, selectors, selects, type Series } from "../collector/exposition.ts";
import { alertExpressions, asked, dashboardExpressions, SHIPPED } from "../collector/expressions.ts";
import { AgentHome } from "../harness/agent.ts";
import { type Collector, startCollector } from "../harness/collector.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { Ethernet, frame, IPv4, payload, TCP, UDP, VLAN } from "../harness/packet.ts";
import { openPinnedTable } from "../harness/pinned-table.ts";
import { requires, root, tool } from "../harness/require.ts";

const here = requires(root(), tool("curl", "curl"), tool("ping", "iputils-ping"), await missingForBuild());

/** More than the series a metric may have. */
const RULES = 2001;
const [BLOCKED, WATCHED, FIRST_OF_MANY] = [9009, 9010, 20_000];

describe("a live agent and the dashboard", here, () => {
  let lab: Lab;
  let agent: AgentHome;
  let collector: Collector;

  before(async () => {
    lab = await makeLab();
    collector = await startCollector(lab, "server");
    agent = await AgentHome.make(lab, "server");
    const many = Array.from(
      { length: RULES },
      (_, n) => `  - { name: many-${n}, action: allow, layer4: { protocol: udp, destination_ports: [${FIRST_OF_MANY + n}] } }`,
    );
    await agent.start({
      config: `
interfaces: { include: [eth0, twin0] }
otel: { endpoint: "${collector.endpoint}" }
probes: { system_calls: on }
rules:
  - { name: no-udp, action: block, enforce: true, reject: true, direction: ingress, layer4: { protocol: udp, destination_ports: [${BLOCKED}] } }
  - { name: watch-udp, action: block, direction: ingress, layer4: { protocol: udp, destination_ports: [${WATCHED}] } }
${many.join("\n")}
`,
      env: { OTEL_METRIC_EXPORT_INTERVAL: "1000" },
    });
    await eventually("system calls are traced", async () => (await agent.status()).probes.system_calls.state === "on");
    await traffic();
    await addTwin();
    await eventually(
      "the metrics of what only some hosts have",
      async () => {
        const series = readSeries(await collector.scrape());
        const has = (metric: string, error?: string): boolean =>
          series.some(({ name, labels }) => name === metric && (error === undefined || labels["error_type"] === error));
        return (
          has("weir_system_calls_total", "ENOENT") &&
          has("weir_socket_failures_total", "ECONNREFUSED") &&
          [
            "weir_faults_total",
            "weir_metrics_folded",
            "weir_flow_duration_seconds_bucket",
            "weir_undecided_total",
            "weir_rejects_total",
            "weir_drops_others_total",
            "weir_socket_errors_total",
          ].every((name) => has(name))
        );
      },
      20_000,
    );
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await collector[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  /** Every verdict, connections that end or fail, and a match of every rule. */
  async function traffic(): Promise<void> {
    const [from, to] = [lab.end("client:eth0"), lab.end("server:eth0")];
    const wire = await lab.wire("client:eth0");
    const ethernet = Ethernet({ src: from.mac, dst: to.mac });
    const ip = IPv4({ src: from.ipv4, dst: to.ipv4 });
    const datagram = (dport: number): Uint8Array => frame(ethernet, ip, UDP({ dport }), payload("?"));
    await wire.send(frame(ethernet, ip, TCP({ flags: ["syn"] })), frame(ethernet, ip, TCP({ flags: ["rst"], seq: 1001 })));
    await wire.send(datagram(BLOCKED));
    await lab.exec("server", "sh", "-c", "! curl -s http://127.0.0.1:1 && ! curl -s --unix-socket /nobody http://localhost");
    await agent.weir("mode", "prevent");
    await wire.send(
      datagram(BLOCKED),
      datagram(WATCHED),
      frame(ethernet, VLAN(1), VLAN(2), VLAN(3), ip, UDP()),
      ...Array.from({ length: RULES }, (_, n) => datagram(FIRST_OF_MANY + n)),
    );
  }

  /** An interface that somebody took out of the kernel's table: its packets are a fault, and undecided. */
  async function addTwin(): Promise<void> {
    await lab.exec(
      "server",
      "sh",
      "-c",
      "ip link add twin0 index 77 type veth peer name other0 && ip link set twin0 up && ip link set other0 up",
    );
    await eventually("twin0 is watched", async () =>
      (await agent.status()).interfaces.some(({ name, ingress }) => name === "twin0" && ingress.hook !== "none"),
    );
    const table = openPinnedTable(agent.pins, "interfaces");
    table.update(u32(77), Buffer.alloc(table.valueBytes));
    table.close();
    await lab.exec("server", "sh", "-c", "ip address add 198.19.0.1/24 dev other0 && ! ping -c1 -W1 198.19.0.2");
  }

  it("every series that a panel or an alert selects is there, with its labels", async () => {
    const there = [...readSeries(await collector.scrape()), ...(await ofPrometheusItself())];
    const expressions = [...(await dashboardExpressions()), ...(await alertExpressions())];
    assert.ok(expressions.length > 50);
    for (const expression of expressions) {
      for (const selector of selectors(expression.text)) {
        assert.ok(
          there.some((series) => selects(selector, series)),
          `${expression.where}: no series is ${selector.metric} with ${selector.labels.join(" and ")}`,
        );
      }
      const { metrics, labels } = asked(expression);
      for (const metric of metrics)
        assert.ok(
          there.some(({ name }) => name === metric),
          `${expression.where}: there is no ${metric}`,
        );
      const known = new Set(there.filter(({ name }) => metrics.includes(name)).flatMap((series) => Object.keys(series.labels)));
      for (const label of labels)
        assert.ok(known.has(label), `${expression.where}: no series of ${metrics.join(" and ")} has the label ${label}`);
    }
  });

  it("the agent's own text has the metrics, types and labels of the collector's", async () => {
    let own: unknown, collected: unknown;
    await eventually("the same from both", async () => {
      own = describeMetrics(await agent.weir("metrics"));
      collected = withoutTarget(await collector.scrape());
      return isDeepStrictEqual(own, collected);
    }).catch(() => assert.deepEqual(own, collected));
  });
});

/** `up`, which Prometheus makes of each target. */
async function ofPrometheusItself(): Promise<Series[]> {
  const { scrape_configs } = parse(await readFile(join(SHIPPED, "prometheus.yaml"), "utf8")) as { scrape_configs: { job_name: string }[] };
  return scrape_configs.map(({ job_name }) => ({ name: "up", labels: { job: job_name, instance: "" } }));
}

/** Who was scraped is for Prometheus to say where nobody stands between. */
function withoutTarget(text: string): ReturnType<typeof describeMetrics> {
  const metrics = describeMetrics(text);
  metrics.delete("target_info");
  for (const metric of metrics.values()) metric.labels = metric.labels.filter((label) => label !== "instance" && label !== "job");
  return metrics;
}
