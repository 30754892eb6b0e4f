/** What the alert rules and dashboards ask for is there as soon as an agent runs: the increase of a series that is born with an event would not be seen. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { METRICS } from "../../otel/metrics-table.ts";
import { prometheusName, prometheusSeries } from "../../otel/prometheus.ts";
import { alertExpressions, asked, dashboardExpressions } from "../collector/expressions.ts";
import { AgentHome } from "../harness/agent.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";

const SELECTOR = /\b((?:weir|nodejs|process)_\w+)(?:\{([^}]*)\})?/g;
/** What the scrape adds. */
const SCRAPED = new Set(["job", "instance"]);
/** They have series only of what is there: drops of others by their reasons, rejects, what processes did, connections that ended. */
const OF_WHAT_HAPPENED = new Set([
  "weir.rejects",
  "weir.drops.others",
  "weir.socket.errors",
  "weir.flow.duration",
  "weir.process.connections",
  "weir.process.io",
  "weir.sockets.bypassing",
]);

describe("series of a fresh agent", requires(root()), () => {
  let lab: Lab;
  let agent: AgentHome;
  let series: { name: string; labels: Map<string, string> }[];

  before(async () => {
    lab = await makeLab();
    agent = await AgentHome.make(lab, "server");
    await agent.start({
      config: `
interfaces: { include: [eth0] }
otel: { endpoint: "http://127.0.0.1:4318" }
rules: [{ name: no-telnet, action: block, layer4: { protocol: tcp, destination_ports: [23] } }]
`,
    });
    const text = await agent.weir("metrics");
    series = text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => {
        const [, name = "", labels = ""] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
        return { name, labels: new Map([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = "", value = ""]) => [label, value])) };
      });
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  it("holds each that an alert rule selects", async () => {
    let found = 0;
    for (const { where, text } of await alertExpressions()) {
      for (const [selector, name = "", list = ""] of text.matchAll(SELECTOR)) {
        if (selector === where || !METRICS.some((metric) => prometheusSeries(metric).includes(name))) continue;
        const wanted = [...list.matchAll(/(\w+)="([^"]*)"/g)]
          .map(([, label = "", value = ""]) => [label, value] as const)
          .filter(([label]) => !SCRAPED.has(label));
        assert.ok(
          series.some((one) => one.name === name && wanted.every(([label, value]) => one.labels.get(label) === value)),
          `${where} asks for ${selector}, which a fresh agent does not have`,
        );
        found++;
      }
    }
    assert.ok(found >= 15, `only ${found} selectors were found`);
  });

  it("holds each metric that the dashboards show, but for those of what has not happened", async () => {
    const names = new Set(series.map(({ name }) => name));
    for (const expression of await dashboardExpressions()) {
      for (const name of asked(expression).metrics) {
        const metric = METRICS.find((one) => prometheusSeries(one).includes(name));
        if (metric !== undefined && !OF_WHAT_HAPPENED.has(metric.name))
          assert.ok(names.has(name), `${expression.where} shows ${name}, which a fresh agent does not have`);
      }
    }
    for (const metric of METRICS)
      if (!OF_WHAT_HAPPENED.has(metric.name))
        assert.ok(
          prometheusSeries(metric).every((name) => names.has(name)),
          `a fresh agent has no ${prometheusName(metric)}`,
        );
  });
});
