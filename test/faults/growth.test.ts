/** Rules that outgrow the tables in the kernel: these are exchanged for larger ones under traffic, and nobody notices. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";

import { ControlClient } from "../../agent/api/client.ts";
import { CAPACITIES } from "../../agent/policy/capacity.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";
import { Traffic } from "./traffic.ts";

const PORT = { allowed: 5001, blocked: 5002, dynamic: 5003 };

/** Allows and blocks one port each, behind so many others. */
const config = (others: number): string => `
mode: prevent
events_per_second: 100000
interfaces: { include: [eth0] }
rules:
${Array.from({ length: others }, (_, index) => `  - { name: o${index}, action: block, layer3: { source: [10.${index >> 8}.${index & 255}.0/24] } }`).join("\n")}
  - { name: allows, action: allow, direction: ingress, layer4: { protocol: udp, destination_ports: [${PORT.allowed}] } }
  - { name: blocks, action: block, enforce: true, direction: ingress, layer4: { protocol: udp, destination_ports: ["5000-5999"] } }
`;

for (const ingress of ["tcx", "xdp"]) {
  test(`rules that outgrow the tables are in force without a packet unmatched, on ${ingress}`, requires(root()), async (t) => {
    await using lab = await makeLab();
    await using agent = await AgentHome.make(lab, "server");
    const withHook = (others: number): string => config(others).replace("[eth0] }", `[eth0], ingress: ${ingress} }`);
    await agent.start({ config: withHook(1) });
    const control = new ControlClient(agent.controlSocket);
    await control.addRule({
      place: "last",
      rule: { name: "added", action: "allow", direction: "ingress", layer4: { protocol: "udp", destination_ports: [PORT.dynamic] } },
    });
    const traffic = await Traffic.start(lab, Object.values(PORT), 50);
    await traffic.more(PORT.dynamic, true);
    const before = await control.rule("allows");
    const { tables: small, capacity: was } = await control.policy();

    await agent.configure(withHook(CAPACITIES[0]!.slots));
    const { rules } = await control.reload();
    assert.equal(rules.loaded, CAPACITIES[0]!.slots + 3);
    await traffic.more(PORT.allowed, true);
    const sent = await traffic.stop();
    for (const port of [PORT.allowed, PORT.dynamic])
      await eventually(`every datagram to ${port}`, async () => (await traffic.received())[port] === sent[port]);
    const received = await traffic.received();
    t.diagnostic(`sent ${JSON.stringify(sent)}, received ${JSON.stringify(received)}`);
    assert.equal(received[PORT.blocked], 0);

    const { tables, capacity } = await control.policy();
    assert.deepEqual([was, capacity], CAPACITIES);
    assert.deepEqual(
      readdirSync(agent.pins).filter((name) => name.startsWith("tables-")),
      [tables.split("/").at(-1)],
    );
    assert.notEqual(tables, small);
    const {
      faults,
      health,
      counters: { events },
    } = await agent.status();
    assert.deepEqual([faults, health.state], [{}, "ok"]);
    assert.equal(events.emitted, events.received + events.pending + events.lost);
    const [blocks, allows] = [await control.rule("blocks"), await control.rule("allows")];
    assert.equal(blocks.dropped, sent[PORT.blocked], "each is counted once");
    assert.ok(allows.packets > before.packets && allows.packets === sent[PORT.allowed], `${allows.packets} of ${sent[PORT.allowed]}`);

    await agent.stop("SIGKILL");
    await agent.restart();
    assert.equal((await control.policy()).tables, tables, "the next agent takes over the larger tables");
  });
}
