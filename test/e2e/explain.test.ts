/** `weir explain` beside a running agent: both judges are asked about the rules in force, and nothing changes by it. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import type { InquiryResult } from "../../agent/explain/inquiry.ts";
import { pcap } from "../inspect/captures.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { Ethernet, frame, IPv4, TCP, UDP, VXLAN } from "../harness/packet.ts";
import { requires, root } from "../harness/require.ts";

const SERVE = "require('node:net').createServer((s) => s.on('error', () => {})).listen(8080, () => console.log('ready'))";
const HOLD =
  "const s = require('node:net').connect({ host: process.argv[1], port: 8080, localPort: 40123 }, () => { s.write('x'); console.log('ready') })";

describe("explain with a running agent", requires(root()), () => {
  let lab: Lab;
  let agent: AgentHome;

  before(async () => {
    lab = await makeLab();
    agent = await AgentHome.make(lab, "server");
    await agent.start({
      config: `
mode: prevent
interfaces: { include: [eth0] }
otel: { traces: false, metrics: false, logs: false }
rules:
  - { name: from-admins, action: allow, layer3: { source: [10.0.0.0/8] }, layer4: { protocol: tcp, destination_ports: [23] } }
  - { name: no-telnet-in, action: block, enforce: true, direction: ingress, interfaces: ["eth*"], layer4: { protocol: tcp, destination_ports: [23] } }
  - { name: watch-web, action: block, direction: ingress, layer4: { protocol: tcp, destination_ports: [8080] } }
`,
    });
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const explain = async (...words: string[]): Promise<InquiryResult> =>
    JSON.parse(await agent.weir("explain", "--json", ...words)) as InquiryResult;
  const telnet = ["--in", "eth0", "--src", "198.18.0.1", "--dst", "198.18.0.2", "--proto", "tcp", "--dport", "23"];

  it("asks the rules in force, and the kernel's tables say the same", async () => {
    const { verdict, rule, kernel, near_misses } = await explain(...telnet);
    assert.equal(verdict, "dropped");
    assert.deepEqual(rule, { name: "no-telnet-in", action: "block", enforce: true, source: "weir.yaml:11" });
    assert.ok(kernel.asked && kernel.agrees && kernel.rule === "no-telnet-in", JSON.stringify(kernel));
    assert.deepEqual(
      near_misses.map((miss) => miss.rule.name),
      ["from-admins"],
    );
    const allowed = await explain(...telnet.with(3, "10.1.2.3"));
    assert.deepEqual([allowed.verdict, allowed.rule.name, allowed.kernel.asked && allowed.kernel.agrees], ["passed", "from-admins", true]);
  });

  it("asks the egress program for what goes out, and says so where nothing is watched", async () => {
    const out = await explain("--out", "eth0", ...telnet.slice(2));
    assert.deepEqual([out.verdict, out.rule.name, out.kernel.asked && out.kernel.agrees], ["passed", "default", true]);
    const { kernel } = await explain("--in", "eth7", ...telnet.slice(2));
    assert.deepEqual(kernel, { asked: false, why: "eth7 is not watched" });
  });

  it("changes no counter, connection or event", async () => {
    await eventually("the network is quiet", async () => {
      const seen = async (): Promise<string> => {
        const { counters, flows } = await agent.status();
        return JSON.stringify([counters, flows.inserted, await agent.weir("rule", "list", "--json")]);
      };
      const before = await seen();
      await explain(...telnet);
      return before === (await seen());
    });
    assert.doesNotMatch(await agent.audit(), /no-telnet-in/);
  });

  it("follows a change of the rules", async () => {
    await agent.configure(
      "mode: prevent\ninterfaces: { include: [eth0] }\notel: { traces: false, metrics: false, logs: false }\nrules: [{ name: open, action: allow }, { name: watch-web, action: block }]",
    );
    await agent.weir("reload");
    const { verdict, rule, kernel } = await explain(...telnet);
    assert.deepEqual([verdict, rule.name, kernel.asked && kernel.agrees], ["passed", "open", true]);
  });

  it("knows who is banned, and who is no more", async () => {
    await agent.weir("ban", "add", "203.0.113.0/24");
    const banned = await explain(...telnet.with(3, "203.0.113.9"));
    assert.deepEqual([banned.verdict, banned.rule.name, banned.kernel.asked && banned.kernel.agrees], ["dropped", "ban", true]);
    await agent.weir("ban", "delete", "203.0.113.0/24");
    const free = await explain(...telnet.with(3, "203.0.113.9"));
    assert.deepEqual([free.verdict, free.rule.name, free.kernel.asked && free.kernel.agrees], ["passed", "open", true]);
  });

  it("explains a live connection from either end of it", async () => {
    const server = lab.spawn("server", [process.execPath, "-e", SERVE], { stdio: ["ignore", "pipe", "inherit"] });
    await once(server.stdout!, "data");
    const client = lab.spawn("client", [process.execPath, "-e", HOLD, "198.18.0.2"], { stdio: ["ignore", "pipe", "inherit"] });
    await once(client.stdout!, "data");
    for (const ends of [
      ["198.18.0.1:40123", "198.18.0.2:8080"],
      ["198.18.0.2:8080", "198.18.0.1:40123"],
    ]) {
      const { verdict, rule, kernel } = await explain("--flow", "tcp", ...ends);
      assert.deepEqual([verdict, rule.name, kernel.asked && kernel.agrees], ["passed", "open", true]);
    }
    const { code, stderr } = await agent.attempt("explain", "--flow", "tcp", "198.18.0.1:1", "198.18.0.2:2");
    assert.equal(code, 1);
    assert.match(stderr, /There is no live connection tcp 198\.18\.0\.1:1 198\.18\.0\.2:2/);
    client.kill();
    server.kill();
  });

  it("explains a frame of a capture, after those before it", async () => {
    const path = join(agent.folder, "telnet.pcap");
    const syn = frame(Ethernet(), IPv4(), TCP({ dport: 23 }));
    const reply = frame(Ethernet(), IPv4({ src: "198.18.0.2", dst: "198.18.0.1" }), TCP({ sport: 23, dport: 40000, flags: ["ack"] }));
    await writeFile(path, pcap([syn, reply]));
    const { verdict, rule, kernel } = await explain("--pcap", path, "--frame", "2", "--in", "eth0");
    assert.deepEqual([verdict, rule.name, kernel.asked && kernel.agrees], ["passed", "open", true]);
    assert.match((await agent.attempt("explain", "--pcap", path, "--frame", "3", "--in", "eth0")).stderr, /has only 2 frames/);
  });

  it("knows the tunnels that end on this host, those of a named file's host, too", async () => {
    const [path, file] = [join(agent.folder, "tunnel.pcap"), join(agent.folder, "tunnel.yaml")];
    const wrapped = (vni: number): Uint8Array =>
      frame(
        Ethernet(),
        IPv4(),
        UDP({ sport: 50_000 }),
        VXLAN({ vni }),
        Ethernet(),
        IPv4({ src: "10.7.0.9", dst: "10.7.0.2" }),
        TCP({ dport: 22 }),
      );
    await writeFile(path, pcap([wrapped(7), wrapped(8)]));
    const rules = "interfaces: { include: [eth0] }\nmode: prevent\nrules: [{ name: none, action: block, enforce: true }]\n";
    await writeFile(file, `version: 1\n${rules}`, { mode: 0o600 });
    await agent.configure(`${rules}otel: { traces: false, metrics: false, logs: false }`);
    await agent.weir("reload");
    const decided = async (frameNumber: number, ...words: string[]): Promise<string[]> => {
      const { verdict, rule, kernel } = await explain("--pcap", path, "--frame", String(frameNumber), "--in", "eth0", ...words);
      return [verdict, rule.name, kernel.asked ? (kernel.agrees ? "agree" : "disagree") : kernel.why];
    };
    const ofFile = ["--config", file, "--kernel"];
    assert.deepEqual(await decided(1), ["dropped", "none", "agree"]);
    assert.deepEqual(await decided(1, ...ofFile), ["dropped", "none", "agree"]);
    await lab.exec(
      "server",
      "sh",
      "-c",
      "ip link add vx0 type vxlan id 7 dstport 4789 && ip address add 10.7.0.2/24 dev vx0 && ip link set vx0 up",
    );
    await eventually("the agent knows the tunnel", async () => (await decided(1))[0] === "passed");
    assert.deepEqual(await decided(1), ["passed", "failsafe", "agree"]);
    assert.deepEqual(await decided(1, ...ofFile), ["passed", "failsafe", "agree"]);
    assert.deepEqual(await decided(2), ["dropped", "none", "agree"]);
    assert.deepEqual(await decided(2, ...ofFile), ["dropped", "none", "agree"]);
    assert.match(
      await agent.weir("explain", "--pcap", path, "--in", "eth0"),
      /\nfailsafe +yes +a tunnel that a device of this host ends, around what always passes /,
    );
    await lab.exec("server", "ip", "address", "delete", "10.7.0.2/24", "dev", "vx0");
    await eventually("the agent knows that the address is gone", async () => (await decided(1))[0] === "dropped");
    assert.deepEqual(await decided(1), ["dropped", "none", "agree"]);
    assert.deepEqual(await decided(1, ...ofFile), ["dropped", "none", "agree"]);
  });

  it("asks a named file without the agent, and the kernel by tables of its own where that is wished", async () => {
    const file = join(agent.folder, "next.yaml");
    await writeFile(file, "version: 1\nrules: [{ name: none-in, action: block, enforce: true, direction: ingress }]\n", { mode: 0o600 });
    const asked = await explain(...telnet, "--config", file);
    assert.deepEqual(
      [asked.verdict, asked.rule.name, asked.rule.source, asked.kernel.asked],
      ["would_drop", "none-in", "next.yaml:2", false],
    );
    const { kernel } = await explain(...telnet, "--config", file, "--kernel");
    assert.ok(kernel.asked && kernel.agrees, JSON.stringify(kernel));
  });
});
