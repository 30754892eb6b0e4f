/** Who listens on this host and who talks from it, with real sockets. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { copyFile, mkdtemp, readFile, realpath, rm, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import type { Top, TopRow } from "../../agent/observe/flows/top.ts";
import type { SocketRow } from "../../agent/observe/sockets/row.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

const PORT = 8080;
const RULE = "rules:\n  - { name: web, action: allow, direction: ingress, layer4: { protocol: tcp, destination_ports: [8080] } }\n";

describe("weir sockets and weir top", requires(root(), tool("nc", "netcat-openbsd")), () => {
  let lab: Lab;
  let agent: AgentHome;

  before(async () => {
    lab = await makeLab();
    agent = await AgentHome.make(lab, "server");
    await agent.start({ config: `interfaces: { include: [eth0] }\n${RULE}` });
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const sockets = async (...words: string[]): Promise<SocketRow[]> =>
    JSON.parse(await agent.weir("sockets", "--json", ...words)) as SocketRow[];

  it("names listeners, bound sockets and connections with their process and traffic", async () => {
    const listener = lab.spawn("server", ["nc", "-4", "-lk", String(PORT)], { stdio: "ignore" });
    const datagrams = lab.spawn("server", ["nc", "-4", "-lu", String(PORT)], { stdio: "ignore" });
    await eventually("both listen", async () => (await sockets("--port", String(PORT))).length === 2);
    const [tcp, udp] = (await sockets("--port", String(PORT))).sort((a, b) => a.protocol.localeCompare(b.protocol));
    assert.deepEqual([tcp?.state, tcp?.process?.pid, tcp?.process?.name, tcp?.connections], ["listen", listener.pid, "nc", 0]);
    assert.deepEqual([udp?.state, udp?.process?.pid, udp?.remote], ["bound", datagrams.pid, undefined]);

    const { ipv4 } = lab.end("server:eth0");
    const talker = lab.spawn("client", ["nc", ipv4, String(PORT)], { stdio: ["pipe", "ignore", "ignore"] });
    talker.stdin!.write("hello");
    const connected = await eventually("the connection", async () => (await sockets("--state", "established", "--port", String(PORT)))[0]);
    assert.deepEqual([connected.local, connected.remote?.address], [{ address: ipv4, port: PORT }, lab.end("client:eth0").ipv4]);
    assert.deepEqual([connected.process?.pid, connected.rule, connected.connections], [listener.pid, "web", 1]);
    await eventually("its bytes", async () => ((await sockets("--state", "established", "--rule", "web"))[0]?.received ?? 0) > 5);
    const [row] = await sockets("--state", "listen", "--port", String(PORT));
    assert.equal(row?.connections, 1, "a listener counts what came to its port");
    assert.deepEqual(await sockets("--port", String(PORT), "--process", "nobody"), []);
    talker.kill(); // the listener takes one connection after the other
  });

  it("hashes the file that a process runs, also when it is gone, and never another program", async () => {
    const folder = await mkdtemp(join(tmpdir(), "weir-hash-"));
    try {
      const program = join(folder, "own-nc");
      await copyFile(await realpath("/usr/bin/nc"), program);
      const expected = createHash("sha256")
        .update(await readFile(program))
        .digest("hex");
      const children = [8081, 8082].map((port) => lab.spawn("server", [program, "-4", "-lk", String(port)], { stdio: "ignore" }));
      const of = async (port: number) => (await sockets("--port", String(port), "--hash"))[0]?.process;
      await eventually("both listen", async () => (await of(8081)) !== undefined && (await of(8082)) !== undefined);
      await unlink(program);
      for (const port of [8081, 8082]) assert.deepEqual((await of(port))?.hash, { sha256: expected });
      assert.equal((await sockets("--port", "8081"))[0]?.process?.hash, undefined, "nobody asked");
      children[0]!.kill();

      const script = "exec 9<>/dev/udp/198.18.0.1/8083; echo >&9; echo opened; read; exec sleep 1000";
      const changing = lab.spawn("server", ["bash", "-c", script], { stdio: ["pipe", "pipe", "ignore"] });
      await once(changing.stdout!, "data");
      const bash = createHash("sha256")
        .update(await readFile(await realpath("/bin/bash")))
        .digest("hex");
      assert.deepEqual((await of(8083))?.hash, { sha256: bash });
      changing.stdin!.write("\n");
      await eventually("it runs another program", async () => (await of(8083))?.hash?.missing === "another program");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("tells what moved since the look before, and who did", async () => {
    const sender = lab.spawn(
      "client",
      ["sh", "-c", `while true; do head -c 100000 /dev/zero; sleep 0.05; done | nc ${lab.end("server:eth0").ipv4} ${PORT}`],
      { stdio: "ignore", detached: true },
    );
    try {
      const busy = async (by: string): Promise<TopRow | undefined> =>
        (JSON.parse(await agent.weir("top", "--by", by, "--count", "1", "--json")) as Top).rows[0];
      const peer = await eventually("a busy peer", async () => {
        const row = await busy("peer");
        return row !== undefined && row.received_per_s > 100_000 && row;
      });
      assert.equal(peer.name, lab.end("client:eth0").ipv4);
      assert.ok(peer.received_per_s > peer.sent_per_s, JSON.stringify(peer));
      assert.deepEqual(
        [(await busy("process"))?.name.split(" ")[0], (await busy("rule"))?.name, (await busy("service"))?.name],
        ["nc", "web", `tcp ${PORT}`],
      );
    } finally {
      process.kill(-sender.pid!);
    }
  });
});
