/** What weir adds up of processes, peers and services, against what they really did. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import type { Top } from "../../agent/observe/flows/top.ts";
import type { StatisticsRow } from "../../agent/observe/statistics/row.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

const PORT = 8080;
const LOOPBACK = 8081;
const LOSSY = 8082;
const VISITS = 12;
const BYTES = 50_000;

describe("weir stats", requires(root(), tool("nc", "netcat-openbsd")), () => {
  let lab: Lab;
  let agent: AgentHome;
  let here: string;
  let there: string;

  before(async () => {
    lab = await makeLab();
    [here, there] = [lab.end("server:eth0").ipv4, lab.end("client:eth0").ipv4];
    agent = await AgentHome.make(lab, "server");
    await agent.start({ config: "interfaces: { include: [eth0] }" });
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const stats = async (...words: string[]): Promise<StatisticsRow[]> =>
    JSON.parse(await agent.weir("stats", "--json", ...words)) as StatisticsRow[];
  const named = async (name: string, ...words: string[]): Promise<StatisticsRow | undefined> =>
    (await stats(...words)).find((row) => row.name === name);
  const listens = (port: number) =>
    eventually(
      "it listens",
      async () => (JSON.parse(await agent.weir("sockets", "--json", "--state", "listen", "--port", String(port))) as unknown[]).length > 0,
    );

  it("adds up what a server did, by process, peer and service", async () => {
    const server = lab.spawn("server", ["nc", "-4", "-lk", String(PORT)], { stdio: "ignore" });
    await listens(PORT);
    for (let visit = 0; visit < VISITS; visit++) await lab.exec("client", "sh", "-c", `head -c ${BYTES} /dev/zero | nc -N ${here} ${PORT}`);
    const row = await eventually("all visits", async () => {
      const one = await named(`nc ${server.pid}`);
      return one !== undefined && one.connections === VISITS && one.live === 0 && one;
    });
    assert.ok(row.received >= VISITS * BYTES && row.received < VISITS * BYTES * 1.3, `${row.received} bytes came`);
    assert.ok(row.sent > 0 && row.sent < row.received / 2 && row.packets > 8 * VISITS, JSON.stringify(row));
    assert.equal(Math.round(row.connections_per_s * 60), VISITS, "all were in the last minute");
    assert.deepEqual([row.process?.pid, row.process?.name, row.tcp?.connections], [server.pid, "nc", VISITS]);
    const { median, p95, min } = row.tcp!.round_trip_s!;
    assert.ok(min > 0 && min < 1 && median <= p95 * 1.01 && p95 < 1, JSON.stringify(row.tcp));
    assert.ok(row.duration_s!.median <= row.duration_s!.p95);

    for (const [by, name] of [
      ["peer", there],
      ["service", `tcp ${PORT}`],
      ["executable", row.process!.executable!],
    ] as const) {
      const same = await named(name, "--by", by, "--service", `tcp ${PORT}`);
      assert.deepEqual([same?.connections, same?.received, same?.tcp?.connections], [VISITS, row.received, VISITS], by);
    }
    assert.deepEqual(await stats("--process", "nobody"), []);
    assert.deepEqual(await stats("--by", "peer", "--process", "nc", "--peer", "203.0.113.7"), []);
    server.kill();
  });

  it("shows live connections, and what TCP tells of those on loopback, which nobody watches", async () => {
    const server = lab.spawn("server", ["nc", "-4", "-l", "127.0.0.1", String(LOOPBACK)], { stdio: ["pipe", "pipe", "ignore"] });
    await listens(LOOPBACK);
    const client = lab.spawn("server", ["nc", "127.0.0.1", String(LOOPBACK)], { stdio: ["pipe", "ignore", "ignore"] });
    client.stdin!.write("hello");
    const live = await eventually("the connection", () => named(`nc ${client.pid}`));
    assert.deepEqual([live.connections, live.tcp?.connections, live.tcp?.retransmissions], [0, 1, 0]);
    const gone = new Promise((resolve) => client.once("exit", resolve));
    client.kill();
    await gone;
    const over = await eventually("its end", async () => {
      const row = await named(`nc ${client.pid}`);
      return row !== undefined && row.tcp!.segments > live.tcp!.segments && row;
    });
    assert.equal(over.tcp?.connections, 1, "it is not counted twice");
    assert.equal((await named(`tcp ${LOOPBACK}`, "--by", "service"))?.tcp?.connections, 2, "both ends are of this host");
    assert.equal((await named(`nc ${server.pid}`))?.tcp?.connections, 1, "who accepted it");
    server.kill();
  });

  it("tells what was sent again, while it is lost and afterwards", requires(tool("nft", "nftables")), async () => {
    const server = lab.spawn("client", ["nc", "-4", "-lk", String(LOSSY)], { stdio: "ignore" });
    const sender = await eventually("it is connected", async () => {
      const child = lab.spawn("server", ["nc", there, String(LOSSY)], { stdio: ["pipe", "ignore", "ignore"] });
      return (
        (await eventually("it is, or was refused", async () =>
          child.exitCode !== null ? "refused" : ((await named(`nc ${child.pid}`))?.live ?? 0) > 0 && "connected",
        )) === "connected" && child
      );
    });
    const name = `nc ${sender.pid}`;
    assert.equal((await named(name))?.tcp?.retransmissions, 0);
    await lab.exec("client", "nft", `table inet loss { chain i { type filter hook input priority 0; tcp dport ${LOSSY} drop; }; }`);
    sender.stdin!.write("lost");
    const row = await eventually(
      "it is sent again",
      async () => {
        const { rows } = JSON.parse(await agent.weir("top", "--count", "1", "--json")) as Top;
        return rows.find((one) => one.name === name && one.retransmissions_per_s > 0);
      },
      20_000,
    );
    assert.ok(row.round_trip_s! > 0, "the round-trip time measured before");
    await lab.exec("client", "nft", "delete table inet loss");
    assert.ok((await named(name, "--sort", "retransmissions"))!.tcp!.retransmissions > 0);
    sender.kill();
    server.kill();
    const over = await eventually("its end", async () => {
      const one = await named(name);
      return one?.live === 0 && one;
    });
    assert.ok(over.tcp!.retransmissions > 0 && over.tcp!.retransmissions < over.tcp!.segments);
  });

  it("exports the same for Prometheus, without anybody's address, port or pid", async () => {
    const lines = (await agent.weir("metrics")).split("\n");
    const value = (start: string): number =>
      Number(
        lines
          .find((line) => line.startsWith(start))
          ?.split(" ")
          .at(-1),
      );
    const ended = value('weir_tcp_retransmissions_count{network_io_direction="receive"}');
    assert.ok(ended >= VISITS, `${ended} were opened from outside`);
    assert.equal(value('weir_tcp_rtt_seconds_count{network_io_direction="receive"}'), ended);
    assert.ok(value("weir_tcp_connect_duration_seconds_count") >= 2);
    const [connections, received] = [
      value('weir_process_connections_total{process_executable_name="'),
      value('weir_process_io_bytes_total{process_executable_name="nc.openbsd",network_io_direction="receive"}'),
    ];
    assert.ok(connections >= VISITS && received >= VISITS * BYTES, `${connections} connections, ${received} bytes`);
    const [told, counted] = [
      (await stats("--by", "service")).reduce((sum, { tcp }) => sum + (tcp?.connections ?? 0), 0),
      ended + value('weir_tcp_retransmissions_count{network_io_direction="transmit"}'),
    ];
    assert.equal(told, counted, "each connection that ended is attributed once");
  });
});
