/**
 * A flood of forged pings, which the host answers, pushes out pings and nothing else, and what it pushes out is counted.
 * WEIR_PINGS sets how many there are.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { Ethernet, frame, ICMP, IPv4 } from "../harness/packet.ts";
import { requires, root, tool } from "../harness/require.ts";
import type { FlowRow } from "../../agent/observe/flows/row.ts";

const PINGS = Number(process.env["WEIR_PINGS"] ?? 30_000);
const ROOM = 8192;
const AT_ONCE = 5000;
const SERVICE = 9010;

test(
  "forged pings push out pings only, and the count of that is exact when it is asked for",
  requires(root(), tool("nc", "netcat-openbsd")),
  async (t) => {
    await using lab = await makeLab();
    const [from, to] = [lab.end("client:eth0"), lab.end("server:eth0")];
    // Answers to forged addresses go back by the way that they came.
    await lab.exec(
      "server",
      "sh",
      "-c",
      `ip route add default via ${from.ipv4} && for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done`,
    );
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ config: "mode: prevent\ninterfaces: { include: [eth0] }" });
    lab.spawn("server", ["nc", "-lk", String(SERVICE)], { stdio: "ignore" });
    await eventually("somebody listens", async () => (await lab.exec("server", "ss", "-Hltn", `sport = :${SERVICE}`)) !== "");
    const client = lab.spawn("client", ["nc", to.ipv4, String(SERVICE)], { stdio: ["pipe", "ignore", "ignore"] });
    const established = async (): Promise<FlowRow | undefined> =>
      (JSON.parse(await agent.weir("flows", "--json", "--port", String(SERVICE))) as FlowRow[]).find(
        ({ state }) => state === "established",
      );
    client.stdin!.write("hello\n");
    await eventually("the connection that will be idle", established);

    const wire = await lab.wire("client:eth0");
    for (let sent = 0; sent < PINGS; sent += AT_ONCE) {
      const forged = Array.from(
        { length: AT_ONCE },
        (_, n) => `10.${((sent + n) >> 16) & 255}.${((sent + n) >> 8) & 255}.${(sent + n) & 255}`,
      );
      await wire.send(
        ...forged.map((src) => frame(Ethernet({ src: from.mac, dst: to.mac }), IPv4({ src, dst: to.ipv4 }), ICMP({ id: 7 }))),
      );
      wire.received.length = 0;
    }
    const { flows } = await agent.status();
    t.diagnostic(JSON.stringify(flows));
    assert.equal(flows.evicted, flows.inserted - flows.deleted - flows.active);
    assert.ok(flows.evicted >= PINGS - ROOM, `${flows.evicted} of ${PINGS} were pushed out`);
    assert.ok(await established(), "the idle connection is still known");
    client.stdin!.end();
  },
);
