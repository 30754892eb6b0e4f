/** What others than weir drop, with real drops by netfilter, by a queue, and by the stack. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import type { DropRow } from "../../agent/observe/flows/drop-row.ts";
import type { FlowRow } from "../../agent/observe/flows/row.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

const CLOSED = 7001;
const FILTERED = 7002;
const BLOCKED = 7003;
const QUEUED = 7004;
const OPEN = 7005;
const RULES = `rules:\n  - { name: no, action: block, enforce: true, layer4: { protocol: udp, destination_ports: [${BLOCKED}] } }\n`;

describe("weir drops", requires(root(), tool("nc", "netcat-openbsd")), () => {
  let lab: Lab;
  let agent: AgentHome;

  before(async () => {
    lab = await makeLab();
    agent = await AgentHome.make(lab, "server");
    await agent.start({ config: `interfaces: { include: [eth0], ingress: tcx }\n${RULES}` });
    await agent.weir("mode", "prevent");
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const drops = async (...words: string[]): Promise<DropRow[]> => JSON.parse(await agent.weir("drops", "--json", ...words)) as DropRow[];
  const send = async (from: "client" | "server", port: number, family: "ipv4" | "ipv6" = "ipv4"): Promise<void> => {
    const to = lab.end(from === "client" ? "server:eth0" : "client:eth0")[family];
    await lab.exec(from, "sh", "-c", `printf hello | nc -u -w 1 ${to} ${port} >/dev/null 2>&1 || true`);
  };
  const dropped = (port: number, ...words: string[]): Promise<DropRow> =>
    eventually(`a drop of port ${port}`, async () => (await drops("--port", String(port), ...words))[0]);

  for (const family of ["ipv4", "ipv6"] as const) {
    it(`names the connection of a datagram to a port where nobody listens, ${family}`, async () => {
      await send("client", CLOSED, family);
      const { ipv4, ipv6 } = lab.end("client:eth0");
      const row = await dropped(CLOSED, "--address", family === "ipv4" ? ipv4 : ipv6);
      assert.deepEqual(
        [row.by, row.reason, row.direction, row.interface, row.protocol, row.destination.port],
        ["stack", "no_socket", "ingress", "eth0", "udp", CLOSED],
      );
      const flows = JSON.parse(await agent.weir("flows", "--json", "--port", String(CLOSED), "--address", row.source.address)) as FlowRow[];
      assert.deepEqual(
        flows.map(({ dropped: of }) => of),
        [[{ by: "stack", reason: "no_socket", packets: row.packets }]],
      );
    });
  }

  it("tells netfilter, in and out, and who sent what did not leave", requires(tool("nft", "nftables")), async () => {
    await lab.exec(
      "server",
      "nft",
      `table inet f { chain i { type filter hook input priority 0; udp dport ${FILTERED} drop; }; chain o { type filter hook output priority 0; udp dport ${FILTERED} drop; }; }`,
    );
    await send("client", FILTERED);
    await send("server", FILTERED);
    const row = await dropped(FILTERED, "--by", "netfilter", "--direction", "ingress");
    assert.deepEqual([row.reason, row.source.address], ["netfilter_drop", lab.end("client:eth0").ipv4]);
    const out = await dropped(FILTERED, "--by", "netfilter", "--direction", "egress");
    assert.deepEqual(
      [out.interface, out.destination, out.process?.name],
      ["eth0", { address: lab.end("client:eth0").ipv4, port: FILTERED }, "nc"],
    );
  });

  it("tells a queue that is full, and leaves out what weir drops itself", requires(tool("tc", "iproute2")), async () => {
    await send("client", BLOCKED);
    await lab.exec("server", "tc", "qdisc", "add", "dev", "eth0", "root", "pfifo", "limit", "0");
    await send("server", QUEUED);
    await lab.exec("server", "tc", "qdisc", "delete", "dev", "eth0", "root");
    const row = await dropped(QUEUED);
    assert.deepEqual([row.by, row.direction, row.process?.name], ["queue", "egress", "nc"]);
    assert.match(row.reason, /^qdisc_/);
    assert.deepEqual(await drops("--port", String(BLOCKED)), []);
    const rule = (JSON.parse(await agent.weir("rule", "list", "--json")) as { name: string; dropped: number }[]).find(
      ({ name }) => name === "no",
    );
    assert.ok(rule !== undefined && rule.dropped > 0, "weir dropped it");
  });

  it("says nothing of what arrives", async () => {
    const listener = lab.spawn("server", ["nc", "-4", "-u", "-l", String(OPEN)], { stdio: ["ignore", "pipe", "ignore"] });
    await eventually(
      "it listens",
      async () => (JSON.parse(await agent.weir("sockets", "--json", "--port", String(OPEN))) as unknown[]).length > 0,
    );
    const heard = new Promise<string>((resolve) => listener.stdout!.once("data", (data) => resolve(String(data))));
    await send("client", OPEN);
    assert.equal(await heard, "hello");
    assert.deepEqual(await drops("--port", String(OPEN)), []);
  });

  it("counts by reason, for Prometheus, too", async () => {
    await send("client", CLOSED);
    await eventually("the count", async () => {
      const line = (await agent.weir("metrics"))
        .split("\n")
        .find((text) => text.startsWith("weir_drops_others_total{") && text.includes('"no_socket"'));
      return line !== undefined && line.includes('weir_drop_by="stack"') && Number(line.split(" ").at(-1)) >= 3;
    });
  });
});
