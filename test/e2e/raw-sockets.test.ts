/** Who reads along or sends past TCP and UDP: packet, raw and ping sockets with their owners. */

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import type { SocketRow } from "../../agent/observe/sockets/row.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

const RAW_ICMP = [2, 3, 1];
const RAW_OSPF = [10, 3, 89];
const PACKET_ALL = [17, 3, 0x0300]; // ETH_P_ALL as it is on the wire
const PACKET_NONE = [17, 2, 0];

describe("weir sockets", requires(root(), tool("ping", "iputils-ping"), tool("sysctl", "procps")), () => {
  let lab: Lab;
  let agent: AgentHome;
  let older: ChildProcess;

  before(async () => {
    lab = await makeLab();
    await open("client", PACKET_ALL, RAW_ICMP); // of another namespace
    older = await open("server", PACKET_ALL, RAW_OSPF);
    agent = await AgentHome.make(lab, "server");
    await agent.start({ config: "interfaces: { include: [eth0] }\n" });
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  async function open(namespace: string, ...sockets: number[][]): Promise<ChildProcess> {
    const words = [process.execPath, join(import.meta.dirname, "socket-child.ts"), ...sockets.flat().map(String)];
    const child = lab.spawn(namespace, words, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    await once(child, "message");
    return child;
  }

  const sockets = async (...words: string[]): Promise<SocketRow[]> =>
    JSON.parse(await agent.weir("sockets", "--json", ...words)) as SocketRow[];
  const seen = ({ protocol, carries, process: owner }: SocketRow) => [protocol, carries, owner?.pid, owner?.holder];

  it("names who has packet and raw sockets that are older than the agent, and nobody's of other namespaces", async () => {
    const rows = [...(await sockets("--protocol", "packet")), ...(await sockets("--protocol", "raw"))];
    assert.deepEqual(rows.map(seen), [
      ["packet", "all", older.pid, true],
      ["raw", "89", older.pid, true],
    ]);
    assert.deepEqual(
      rows.map(({ local, state }) => [local, state]),
      [
        [undefined, "bound"],
        [{ address: "::" }, "bound"],
      ],
    );
  });

  it("names who made them since, and forgets those that are closed", async () => {
    const newer = await open("server", PACKET_NONE, RAW_ICMP);
    const of = ({ pid }: ChildProcess) => sockets("--process", String(pid));
    assert.deepEqual((await of(newer)).map(seen), [
      ["packet", undefined, newer.pid, true],
      ["raw", "icmp", newer.pid, undefined],
    ]);
    assert.match(await agent.weir("sockets", "--protocol", "raw"), new RegExp(`raw icmp +bound +0\\.0\\.0\\.0 +- +\\S+ ${newer.pid} `));
    newer.disconnect();
    await once(newer, "exit");
    assert.deepEqual(await of(newer), []);
    assert.equal((await of(older)).length, 2);
  });

  it("counts what they send, and what comes back", async () => {
    const { ipv4 } = lab.end("client:eth0");
    // Who may have a socket that can only ping has no need of a raw one.
    for (const [protocol, groups] of [
      ["raw", "1 0"],
      ["icmp", "0 0"],
    ] as const) {
      await lab.exec("server", "sysctl", "-qw", `net.ipv4.ping_group_range=${groups}`);
      const ping = lab.spawn("server", ["ping", "-n", "-i0.2", ipv4], { stdio: "ignore" });
      const row = await eventually(`answers to a ping by ${protocol}`, async () =>
        (await sockets("--protocol", protocol, "--process", String(ping.pid))).find(({ received }) => received > 0),
      );
      assert.deepEqual([row.process?.name, row.connections], ["ping", 1]);
      assert.ok(row.sent > 0);
      ping.kill();
    }
  });
});
