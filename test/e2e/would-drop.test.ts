/**
 * In detect, what would be dropped is shown as the connection that it is: one detection, with its process, bytes and rule,
 * while prevent would have met only what opens it. Beside each stands an allowed twin.
 */

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { after, afterEach, before, describe, it } from "node:test";

import { ControlClient } from "../../agent/api/client.ts";
import type { FlowRow } from "../../agent/observe/flows/row.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

const MEGABYTE = 1 << 20;
const UPLOAD = 8 * MEGABYTE;
/** Takes everything, of TCP and of UDP, and answers each datagram. */
const SINK = `
const [port] = process.argv.slice(1).map(Number);
const socket = require("node:dgram").createSocket("udp4", (bytes, { port, address }) => socket.send("answer", port, address));
socket.bind(port, () => require("node:net").createServer((connection) => connection.resume().on("error", () => {})).listen(port, () => console.log("ready")));`;
/** Sends so many bytes, says so, and goes on slowly until it may end. */
const SOURCE = `
const [host, port, bytes] = process.argv.slice(1);
const socket = require("node:net").connect(+port, host, () => socket.write(Buffer.alloc(+bytes), () => {
  console.log("sent");
  setInterval(() => socket.writable && socket.write("."), 50).unref();
}));
process.stdin.once("data", () => socket.end()).resume();
socket.on("close", () => process.exit());`;
/** Two connections from one port, each of which ends with a reset once it is told to go on. */
const TWICE = `
const [host, port, localPort] = process.argv.slice(1);
const told = () => new Promise((resolve) => process.stdin.once("data", resolve));
const once = () => new Promise((resolve) => {
  const socket = require("node:net").connect({ host, port: +port, localPort: +localPort }, async () => {
    socket.write("hello", () => console.log("sent"));
    await told();
    socket.resetAndDestroy();
  }).on("close", resolve);
});
once().then(() => console.log("ended")).then(told).then(once).then(() => process.exit());`;
const DATAGRAMS = `
const [host, port, count] = process.argv.slice(1);
const socket = require("node:dgram").createSocket("udp4", () => { if (--left > 0) ask(); else socket.close(); });
let left = +count;
const ask = () => socket.send("question", +port, host);
socket.bind(40000, ask);`;

const FILE = (rest: string): string => `interfaces: { include: [eth0] }\notel: { traces: false, metrics: false, logs: false }\n${rest}`;
const CLOSED = FILE(`
defaults: { action: block }
rules:
  - { name: allowed, action: allow, layer4: { protocol: tcp, destination_ports: [81] } }
  - { name: allowed-udp, action: allow, layer4: { protocol: udp, destination_ports: [81] } }
`);

describe("a connection that would be dropped, in detect", requires(root(), tool("ping", "iputils-ping")), () => {
  let lab: Lab;
  let agent: AgentHome;
  let control: ControlClient;
  const running = new Set<ChildProcess>();

  before(async () => {
    lab = await makeLab();
    agent = await AgentHome.make(lab, "server");
    control = new ControlClient(agent.controlSocket);
    for (const port of [80, 81]) {
      const sink = lab.spawn("server", [process.execPath, "-e", SINK, String(port)], { stdio: ["ignore", "pipe", "inherit"] });
      await once(sink.stdout!, "data");
    }
  });

  afterEach(async () => {
    for (const child of running) child.kill();
    running.clear();
    await agent.stop();
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const server = (): string => lab.end("server:eth0").ipv4;
  const flowsTo = async (port: number, protocol = "tcp"): Promise<FlowRow[]> =>
    (await control.flows({ protocol, limit: 1000 })).filter(({ destination }) => destination.port === port);
  const packets = async (): Promise<Record<string, number>> => (await agent.status()).counters.packets;
  /** What the audit log says of connections that this agent met. */
  const detections = async (port: number, rule: string): Promise<number> => {
    const lines = (await agent.audit()).split("\n");
    const own = lines.slice(lines.findLastIndex((line) => line.includes(" START ")));
    return own.filter((line) => line.includes(` DETECTED ${rule} `) && line.includes(`${server()}:${port} `)).length;
  };
  /** Waits for the first detection, and for those that would follow it. */
  const told = async (port: number, rule: string): Promise<void> => {
    await eventually("the detection", async () => (await detections(port, rule)) > 0);
    await eventually("everything is told", async () => (await agent.status()).counters.events.pending === 0);
  };

  /** A connection with so many bytes from the client; answers how to end it. */
  async function upload(port: number, bytes = UPLOAD): Promise<() => Promise<void>> {
    const child = lab.spawn("client", [process.execPath, "-e", SOURCE, server(), String(port), String(bytes)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    running.add(child);
    await once(child.stdout!, "data");
    return async () => {
      child.stdin!.end("now");
      await once(child, "exit");
      running.delete(child);
    };
  }

  it("is one connection with its process, its bytes and one line, under a default of block", async () => {
    await agent.start({ config: CLOSED });
    const before = await packets();
    const ends = [await upload(80), await upload(81)];
    const [blocked, allowed] = await eventually("both uploads are shown whole", async () => {
      const rows = [...(await flowsTo(80)), ...(await flowsTo(81))];
      return rows.length === 2 && rows.every((row) => row.bytes[0] >= UPLOAD) && rows;
    });
    assert.deepEqual(
      [blocked?.would_drop, blocked?.rule, blocked?.state, blocked?.process?.executable],
      [true, "default", "established", process.execPath],
    );
    assert.deepEqual(
      [allowed?.would_drop, allowed?.rule, allowed?.state, allowed?.process?.executable],
      [undefined, "allowed", "established", process.execPath],
    );
    assert.ok(blocked!.packets[1] > 0);

    const isTcp = ({ name }: { name: string }): boolean => name.startsWith("tcp "); // a host also asks for neighbours and routers
    const top = (await control.top({ by: "service" })).rows.filter(isTcp);
    assert.deepEqual(top.map(({ name, would_drop }) => [name, would_drop]).sort(), [
      ["tcp 80", 1],
      ["tcp 81", 0],
    ]);
    const stats = (await control.statistics({ by: "service", sort: "bytes" })).filter(isTcp);
    assert.deepEqual(stats.map(({ name, would_drop, live }) => [name, would_drop, live]).sort(), [
      ["tcp 80", 1, 1],
      ["tcp 81", 0, 1],
    ]);
    assert.ok(stats.every(({ received }) => received >= UPLOAD));

    const now = await packets();
    assert.equal(now["would_drop"]! - before["would_drop"]!, 1, "prevent would have met its SYN");
    assert.ok(now["carried"]! - before["carried"]! >= blocked!.packets[0] + blocked!.packets[1] - 1);
    for (const end of ends) await end();
    await told(80, "default");
    assert.deepEqual([await detections(80, "default"), await detections(81, "default")], [1, 0]);
    const { flows, counters } = await eventually(
      "the next look at the tables",
      async () => {
        const status = await agent.status();
        return status.flows.would_drop.inserted > 0 && status;
      },
      20_000,
    );
    assert.ok(counters.events.emitted < 50, `${counters.events.emitted} events`);
    assert.deepEqual([flows.would_drop.inserted, flows.would_drop.evicted], [1, 0]);
    assert.match(await agent.weir("flows", "--protocol", "tcp"), /default \(would drop\)/);
    const metrics = await agent.weir("metrics");
    assert.match(
      metrics,
      /weir_packets_total\{network_io_direction="receive",network_interface_name="eth0",network_transport="tcp",weir_verdict="carried"\} [1-9]/,
    );
    assert.match(
      metrics,
      /weir_flow_duration_seconds_count\{network_io_direction="receive",network_transport="tcp",weir_verdict="would_drop"\} 1\n/,
    );
    assert.match(
      metrics,
      /weir_flow_duration_seconds_count\{network_io_direction="receive",network_transport="tcp",weir_verdict="passed"\} 1\n/,
    );
  });

  it("of UDP is one connection, too, and prevent would have met each packet of its opener", async () => {
    await agent.start({ config: CLOSED });
    const before = await packets();
    for (const port of [80, 81]) await lab.exec("client", process.execPath, "-e", DATAGRAMS, server(), String(port), "10");
    await told(80, "default");
    const [blocked, ...others] = await flowsTo(80, "udp");
    assert.equal(others.length, 0);
    assert.deepEqual([blocked?.would_drop, blocked?.packets], [true, [10, 10]]);
    assert.deepEqual(
      (await flowsTo(81, "udp")).map(({ would_drop, packets: each }) => [would_drop, each]),
      [[undefined, [10, 10]]],
    );
    const now = await packets();
    assert.deepEqual([now["would_drop"]! - before["would_drop"]!, now["carried"]! - before["carried"]!], [10, 10]);
    assert.deepEqual([await detections(80, "default"), await detections(81, "default")], [1, 0]);
  });

  it("of ICMP is one connection, and its replies would not be there", async () => {
    await agent.start({
      config: FILE(`rules: [{ name: no-ping, action: block, enforce: true, direction: ingress, layer4: { protocol: icmp } }]`),
    });
    const before = await packets();
    await lab.exec("client", "ping", "-c", "5", "-i", "0.01", server());
    await lab.exec("server", "ping", "-c", "5", "-i", "0.01", lab.end("client:eth0").ipv4);
    await agent.auditLine(/ DETECTED no-ping /);
    const rows = await control.flows({ protocol: "icmp" });
    assert.deepEqual(rows.map(({ direction, would_drop, rule, packets: each }) => [direction, would_drop, rule, each]).sort(), [
      ["egress", undefined, "default", [5, 5]],
      ["ingress", true, "no-ping", [5, 5]],
    ]);
    const now = await packets();
    assert.deepEqual([now["would_drop"]! - before["would_drop"]!, now["carried"]! - before["carried"]!], [5, 5]);
    assert.equal((await agent.audit()).split("\n").filter((line) => line.includes(" DETECTED no-ping ")).length, 1);
  });

  it("of a banned address is one connection, and so is that of its twin", async () => {
    await agent.start({ config: FILE("rules: []") });
    const client = lab.end("client:eth0").ipv4;
    await lab.exec("client", "ip", "address", "replace", "198.18.0.9/24", "dev", "eth0");
    await agent.weir("ban", "add", client);
    const ends = [await upload(80), await upload(81)];
    const rows = await eventually("both uploads are shown whole", async () => {
      const all = [...(await flowsTo(80)), ...(await flowsTo(81))];
      return all.length === 2 && all.every((row) => row.bytes[0] >= UPLOAD) && all;
    });
    assert.deepEqual(
      rows.map(({ would_drop, rule }) => [would_drop, rule]),
      [
        [true, "ban"],
        [true, "ban"],
      ],
    );
    assert.ok((await packets())["would_drop"]! < 20);
    for (const end of ends) await end();
    for (const port of [80, 81]) {
      await told(port, "ban");
      assert.equal(await detections(port, "ban"), 1);
    }
    await agent.weir("ban", "delete", client);
    const end = await upload(80, 1000);
    await eventually("the twin", async () =>
      (await flowsTo(80)).some(({ would_drop, state }) => would_drop === undefined && state === "established"),
    );
    await end();
  });

  it("that is older than its rule would be dropped with each of its packets, and goes on when the rule goes", async () => {
    await agent.start({ config: FILE("rules: []") });
    const ends = [await upload(80, MEGABYTE), await upload(81, MEGABYTE)];
    await agent.configure(
      FILE(`rules: [{ name: no-web, action: block, enforce: true, layer4: { protocol: tcp, destination_ports: [80] } }]`),
    );
    await agent.weir("reload");
    const before = await packets();
    for (const end of ends) await end();
    await told(80, "no-web");
    const [old] = await flowsTo(80);
    assert.deepEqual([old?.would_drop, old?.rule], [true, "no-web"]);
    assert.deepEqual(
      (await flowsTo(81)).map(({ would_drop, rule }) => [would_drop, rule]),
      [[undefined, "default"]],
    );
    const now = await packets();
    assert.ok(now["would_drop"]! - before["would_drop"]! >= 3, "data, FINs and their acknowledgements");
    assert.equal(now["carried"]! - before["carried"]!, 0);
    assert.equal(await detections(80, "no-web"), 1);
  });

  it("between the ports of one that has ended is shown beside it, and ends with its own socket", async () => {
    await agent.start({ config: FILE("rules: []") });
    const child = lab.spawn("client", [process.execPath, "-e", TWICE, server(), "80", "45000"], { stdio: ["pipe", "pipe", "inherit"] });
    running.add(child);
    const goOn = async (): Promise<void> => void (child.stdin!.write("now"), await once(child.stdout!, "data"));
    const isShown = (wouldDrop: true | undefined, state: string): Promise<unknown> =>
      eventually(`one is ${state}`, async () => (await flowsTo(80)).some((row) => row.would_drop === wouldDrop && row.state === state));
    await once(child.stdout!, "data");
    await isShown(undefined, "established");
    await goOn();
    await isShown(undefined, "closed");
    await agent.configure(
      FILE(`rules: [{ name: no-web, action: block, enforce: true, layer4: { protocol: tcp, destination_ports: [80] } }]`),
    );
    await agent.weir("reload");
    await goOn();
    await isShown(true, "established");
    child.stdin!.write("now");
    await once(child, "exit");
    running.delete(child);
    await isShown(true, "closed");
  });

  it("is told of no more when prevent takes over, and is dropped there", async () => {
    await agent.start({ config: CLOSED });
    await upload(80, MEGABYTE);
    await eventually("the connection", async () => (await flowsTo(80)).length === 1);
    await agent.weir("mode", "prevent");
    await eventually("nothing is left of it", async () => (await flowsTo(80)).length === 0);
    const before = await packets();
    const refused = await lab.attempt("client", "nc", "-z", "-w", "1", server(), "80");
    assert.notEqual(refused.code, 0);
    assert.ok((await packets())["dropped"]! > before["dropped"]!);
    assert.equal((await lab.attempt("client", "nc", "-z", "-w", "5", server(), "81")).code, 0);
  });
});
