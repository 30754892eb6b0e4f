/** A packet reaches the collector, a rule reaches the kernel: the whole way, with real traffic and a real collector. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";

import { missingForBuild } from "../../collector/build.ts";
import { AgentHome } from "../harness/agent.ts";
import { type Collector, startCollector } from "../harness/collector.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

const SERVE =
  "require('node:http').createServer((q, r) => r.end('hello')).listen({ port: +process.argv[1], host: '::' }, () => console.log('ready'))";

describe(
  "from the first detection to the first drop",
  requires(root(), tool("curl", "curl"), tool("nc", "netcat-openbsd"), await missingForBuild()),
  () => {
    let lab: Lab;
    let agent: AgentHome;
    let collector: Collector;

    before(async () => {
      lab = await makeLab();
      collector = await startCollector(lab, "server");
      agent = await AgentHome.make(lab, "server");
      await agent.start({
        config: `
interfaces: { include: [eth0] }
otel: { endpoint: "${collector.endpoint}" }
rules:
  - { name: no-telnet-in, action: block, enforce: true, direction: ingress, layer4: { protocol: tcp, destination_ports: [23] } }
  - { name: watch-web, action: block, direction: ingress, layer4: { protocol: tcp, destination_ports: [8080] } }
`,
        env: { OTEL_METRIC_EXPORT_INTERVAL: "1000" },
      });
      for (const port of [23, 8080]) await serve(port);
    });

    after(async () => {
      await agent[Symbol.asyncDispose]();
      await collector[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
    });

    async function serve(port: number): Promise<void> {
      const child = lab.spawn("server", [process.execPath, "-e", SERVE, String(port)], { stdio: ["ignore", "pipe", "inherit"] });
      await new Promise((ready) => child.stdout!.once("data", ready));
    }

    const server = (): string => lab.end("server:eth0").ipv4;
    const get = (host: string, port: number) => lab.attempt("client", "curl", "-s", "-m", "2", `http://${host}:${port}/`);

    it("attaches to the interface and says how and why", async () => {
      const [device] = (await agent.status()).interfaces;
      assert.equal(device?.name, "eth0");
      assert.match(device?.ingress.hook ?? "", /^(tcx|clsact)$/);
      assert.match(device?.ingress.reason ?? "", /segmentation offload/);
      assert.match(device?.egress.hook ?? "", /^(tcx|clsact)$/);
    });

    it("detects what a rule would drop, and lets it pass", async () => {
      assert.equal((await get(server(), 23)).stdout, "hello");
      const line = await agent.auditLine(/DETECTED no-telnet-in/);
      assert.match(line, / tcp 198\.18\.0\.1:\d+ > 198\.18\.0\.2:23 eth0 in .*\(would drop\)/);
    });

    it("names the local process", async () => {
      assert.match(await agent.auditLine(/DETECTED no-telnet-in/), /pid=\d+ \S+ executable=\S+\/node /);
    });

    it("does the same for IPv6", async () => {
      assert.equal((await get(`[${lab.end("server:eth0").ipv6}]`, 23)).stdout, "hello");
      await agent.auditLine(/DETECTED no-telnet-in tcp \[fd00:198:18::1\]:\d+ > \[fd00:198:18::2\]:23/);
    });

    it("reports a staged rule, counts it apart, and lets it pass in both modes", async () => {
      assert.equal((await get(server(), 8080)).stdout, "hello");
      await agent.auditLine(/DETECTED watch-web .*\(would drop\)/);
      const rules = JSON.parse(await agent.weir("rule", "list", "--json")) as {
        name: string;
        would_drop: number;
        dropped: number;
        source: string;
      }[];
      const rule = rules.find(({ name }) => name === "watch-web");
      assert.ok(rule !== undefined && rule.would_drop > 0 && rule.dropped === 0, JSON.stringify(rules));
      assert.match(rule.source, /^weir\.yaml:\d+$/);
    });

    it("sends a span for the connection, a log record for the detection, and metrics", async () => {
      const span = await eventually(
        "the span",
        async () =>
          (await collector.spans()).find(
            (one) => one.attributes["destination.port"] === 8080 && one.attributes["network.transport"] === "tcp" && one.end > one.start,
          ),
        20_000,
      );
      assert.equal(span.attributes["source.address"], "198.18.0.1");
      assert.equal(span.resource["service.name"], "weir");
      const log = await eventually("the log record", async () =>
        (await collector.logs()).find((one) => one.attributes["security_rule.name"] === "no-telnet-in"),
      );
      assert.equal(log.eventName, "weir.detection");
      const scrape = await eventually(
        "the metrics",
        async () => {
          const text = await collector.scrape();
          return /weir_packets_total\{[^}]*weir_verdict="would_drop"/.test(text) && text;
        },
        20_000,
      );
      assert.match(scrape, /weir_rule_matches_total\{[^}]*security_rule_name="no-telnet-in"/);
      assert.doesNotMatch(scrape, /198\.18\./, "no address is a metric attribute");
    });

    it("shows the connection among the flows", async () => {
      const flows = JSON.parse(await agent.weir("flows", "--json")) as { destination: { port?: number }; rule: string }[];
      assert.ok(
        flows.some(({ destination }) => destination.port === 8080),
        JSON.stringify(flows),
      );
    });

    it("drops in prevent what it detected, and nothing else, and audits who switched", async () => {
      await agent.weir("mode", "prevent");
      const refused = await get(server(), 23);
      assert.notEqual(refused.code, 0);
      assert.equal(refused.stdout, "");
      await agent.auditLine(/BLOCKED no-telnet-in/);
      await agent.auditLine(/ MODE .*uid=0/);
      assert.equal((await get(server(), 8080)).stdout, "hello", "a staged rule drops nothing");
      const { counters } = await agent.status();
      assert.ok(counters.packets.dropped > 0);
    });

    it("goes back to detect, where it passes again", async () => {
      await agent.weir("mode", "detect");
      assert.equal((await get(server(), 23)).stdout, "hello");
    });

    it("takes a saved file at once, and keeps the last good one when the next is bad", async () => {
      await agent.configure(`
mode: prevent
interfaces: { include: [eth0] }
otel: { endpoint: "${collector.endpoint}" }
rules:
  - { name: no-web-in, action: block, enforce: true, direction: ingress, layer4: { protocol: tcp, destination_ports: [8080] } }
`);
      await eventually("the rules are in force", async () => (await agent.status()).config.reloads > 0);
      assert.notEqual((await get(server(), 8080)).code, 0);
      assert.equal((await get(server(), 23)).stdout, "hello");
      const before = (await agent.status()).generation;
      await agent.configure("rules: [ { name: broken, action: blok } ]");
      await eventually("the refusal", async () => (await agent.status()).config.failures > 0);
      await agent.auditLine(/RELOAD-FAILED .*weir\.yaml:\d+:\d+/);
      assert.equal((await agent.status()).generation, before);
      assert.notEqual((await get(server(), 8080)).code, 0, "the last good rules stay in force");
    });

    it("accounts for every event", async () => {
      const { events } = (await agent.status()).counters;
      assert.equal(events.emitted, events.received + events.pending + events.lost);
      assert.ok(events.emitted > 0);
    });

    it("verifies its audit log", async () => {
      const { code, stdout } = await agent.attempt("audit", "verify", "--config", agent.configPath);
      assert.equal(code, 0, stdout);
    });

    it("leaves nothing behind when it stops", async () => {
      const { pins } = agent;
      assert.ok(existsSync(pins));
      await agent.configure("");
      assert.equal(await agent.stop(), 0);
      assert.equal(existsSync(pins), false);
      assert.equal(existsSync(`${agent.folder}/control.sock`), false);
      assert.equal((await get(server(), 8080)).stdout, "hello");
      assert.match((await agent.audit()).trim().split("\n").at(-1) ?? "", / STOP /);
    });
  },
);
