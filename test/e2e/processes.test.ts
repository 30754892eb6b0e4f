/** What local processes open is judged on its way out, and told with the process that did it. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";

import { missingForBuild } from "../../collector/build.ts";
import type { Mode } from "../../agent/values/traffic.ts";
import { AgentHome } from "../harness/agent.ts";
import { type Collector, startCollector } from "../harness/collector.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { Receiver } from "./receiver.ts";

const here = requires(root(), tool("curl", "curl"), tool("ping", "iputils-ping"), tool("nc", "netcat-openbsd"), await missingForBuild());

/** Of the server, beside its first ones, which are the allowed twins. */
const BLOCKED = { IPv4: "198.18.0.66", IPv6: "fd00:198:18::66" };
const [WEB, UDP] = [8080, 9009];

type Family = keyof typeof BLOCKED;

const there = `direction: egress, layer3: { destination: ["${BLOCKED.IPv4}", "${BLOCKED.IPv6}"] }`;
const RULES = `
rules:
  - { name: no-tcp, action: block, enforce: true, ${there}, layer4: { protocol: tcp, destination_ports: [${WEB}] } }
  - { name: no-udp, action: block, enforce: true, ${there}, layer4: { protocol: udp, destination_ports: [${UDP}] } }
  - { name: no-icmp, action: block, enforce: true, ${there}, layer4: { protocol: icmp, icmp: [{ type: echo-request }] } }
  - { name: no-icmpv6, action: block, enforce: true, ${there}, layer4: { protocol: icmpv6, icmp: [{ type: echo-request }] } }
`;

/** A command that opens a connection, and whether what it printed or sent shows that it came through. */
interface Attempt {
  protocol: Record<Family, string>;
  command: (host: string) => string[];
  passed: (ended: { code: number | null; stdout: string; pid: number }) => boolean | Promise<boolean>;
}

interface Done {
  family: Family;
  protocol: string;
  name: string;
  pid: number;
  passed: boolean;
}

describe("processes that open connections", here, () => {
  let lab: Lab;
  let agent: AgentHome;
  let collector: Collector;
  let receiver: Receiver;

  const attempts: Record<string, Attempt> = {
    curl: {
      protocol: { IPv4: "tcp", IPv6: "tcp" },
      command: (host) => ["curl", "-s", "--connect-timeout", "1", `http://${host.includes(":") ? `[${host}]` : host}:${WEB}/`],
      passed: ({ stdout }) => stdout === "hello",
    },
    nc: {
      protocol: { IPv4: "udp", IPv6: "udp" },
      command: (host) => ["nc", "-u", "-q0", host, String(UDP)],
      passed: async ({ pid }) => (await receiver.texts()).includes(`from ${pid}`),
    },
    ping: {
      protocol: { IPv4: "icmp", IPv6: "icmpv6" },
      command: (host) => ["ping", "-n", "-c1", "-W1", host],
      passed: ({ code }) => code === 0,
    },
  };

  before(async () => {
    lab = await makeLab();
    await lab.exec("server", "sh", "-c", `ip address add ${BLOCKED.IPv4}/24 dev eth0 && ip address add ${BLOCKED.IPv6}/64 dev eth0 nodad`);
    receiver = await Receiver.open(lab, "server", { tcp: [WEB], udp: [UDP] });
    collector = await startCollector(lab, "client");
    agent = await AgentHome.make(lab, "client");
    await agent.start({ config: `interfaces: { include: [eth0] }\notel: { endpoint: "${collector.endpoint}" }\n${RULES}` });
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await collector[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  /** All commands at once, each to one host of each family. */
  async function run(hosts: Record<Family, string>): Promise<Done[]> {
    const each = (["IPv4", "IPv6"] as const).flatMap((family) =>
      Object.entries(attempts).map(([name, attempt]) => ({ family, name, attempt })),
    );
    const ended = await Promise.all(
      each.map(async ({ family, name, attempt }) => ({ family, name, attempt, ...(await end(attempt.command(hosts[family]))) })),
    );
    const last = await end(["nc", "-u", "-q0", lab.end("server:eth0").ipv4, String(UDP)]);
    await receiver.arrival(`from ${last.pid}`); // what was sent before it has had its turn
    return Promise.all(
      ended.map(async ({ family, name, attempt, ...how }) => ({
        family,
        name,
        protocol: attempt.protocol[family],
        pid: how.pid,
        passed: await attempt.passed(how),
      })),
    );
  }

  /** Runs a command, which may read who it is and need not. */
  async function end(command: string[]): Promise<{ code: number | null; stdout: string; pid: number }> {
    const child = lab.spawn("client", command, { stdio: ["pipe", "pipe", "ignore"] });
    const pid = child.pid!;
    child.stdin!.on("error", () => {}).end(`from ${pid}`);
    let stdout = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, stdout, pid };
  }

  for (const [mode, type, verdict] of [
    ["detect", "DETECTED", "would_drop"],
    ["prevent", "BLOCKED", "dropped"],
  ] as const satisfies [Mode, string, string][]) {
    it(`${mode}: TCP, UDP and ICMP of local processes meet the rules, and each is told with its process`, async () => {
      await agent.weir("mode", mode);
      const done = await run(BLOCKED);
      for (const { name, family, passed } of done) assert.equal(passed, mode === "detect", `${name} over ${family}`);
      const { ipv4: IPv4, ipv6: IPv6 } = lab.end("server:eth0");
      for (const { name, family, passed } of await run({ IPv4, IPv6 })) assert.equal(passed, true, `${name} over ${family}, allowed`);

      for (const { protocol, name, pid } of done) {
        await agent.auditLine(
          new RegExp(` ${type} no-${protocol} ${protocol} \\S+ > \\S+ eth0 out (type=\\d+ code=0 )?pid=${pid} ${name} `),
        );
        const { attributes } = await eventually(`the log record of ${name}`, async () =>
          (await collector.logs()).find((one) => one.attributes["process.pid"] === pid && one.attributes["weir.event.type"] === type),
        );
        const told = [
          "security_rule.name",
          "network.transport",
          "network.io.direction",
          "process.executable.name",
          "process.user.id",
          "weir.verdict",
        ].map((key) => attributes[key]);
        assert.deepEqual(told, [`no-${protocol}`, protocol, "transmit", name, 0, verdict]);
      }
    });
  }
});
