/** Two rule sets that have no rule in common take turns under traffic: each packet is judged by one of them alone. */

import assert from "node:assert/strict";
import { readFile, rename, writeFile } from "node:fs/promises";
import { test } from "node:test";

import { ControlClient } from "../../agent/api/client.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";
import { Traffic } from "./traffic.ts";

const RELOADS = Number(process.env["WEIR_RELOADS"] ?? 60);

/** Named by who allows it. */
const PORT = { both: 5001, onlyA: 5002, onlyB: 5003, none: 5004 };

/**
 * In the other's tables at the same places stand rules that say the opposite: half of one set and half of the other
 * would drop what both allow, or pass what both block.
 */
const A = `
  - { name: a-allows, action: allow, direction: ingress, layer4: { protocol: udp, destination_ports: [${PORT.both}, ${PORT.onlyA}] } }
  - { name: a-blocks, action: block, enforce: true, direction: ingress, layer4: { protocol: udp, destination_ports: ["5000-5999"] } }
`;
const B = `
  - { name: b-blocks, action: block, enforce: true, direction: ingress, layer4: { protocol: udp, destination_ports: [${PORT.none}] } }
  - { name: b-blocks-too, action: block, enforce: true, direction: ingress, layer4: { protocol: udp, destination_ports: [${PORT.onlyA}] } }
  - { name: b-allows, action: allow, direction: ingress, layer4: { protocol: udp, destination_ports: ["5000-5999"] } }
`;

const config = (rules: string): string => `
mode: prevent
events_per_second: 100000
interfaces: { include: [eth0] }
rules:${rules}`;

test("no packet meets a part of one rule set and a part of the other, and none is lost that both allow", requires(root()), async (t) => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  const files = [await fileOf(agent, B), await fileOf(agent, A)];
  await agent.restart();
  const before = (await agent.status()).generation;
  const control = new ControlClient(`${agent.folder}/control.sock`);
  const traffic = await Traffic.start(lab, Object.values(PORT), 200);
  await traffic.more(PORT.both, true);

  for (let reload = 0; reload < RELOADS; reload++) {
    await save(agent, files[reload % 2]!);
    await control.reload();
  }
  await traffic.more(PORT.both, true);

  const sent = await traffic.stop();
  await eventually("every datagram that both allow", async () => (await traffic.received())[PORT.both] === sent[PORT.both]);
  const received = await traffic.received();
  t.diagnostic(`sent ${JSON.stringify(sent)}, received ${JSON.stringify(received)}`);
  assert.equal(received[PORT.none], 0, "none passed that both block");
  for (const port of [PORT.onlyA, PORT.onlyB])
    assert.ok(received[port]! > 0 && received[port]! < sent[port]!, `both sets were in force: ${port}`);

  const {
    generation,
    config: { failures },
    counters: { events },
    faults,
  } = await agent.status();
  assert.ok(generation >= before + RELOADS, "each reload flipped the tables");
  assert.deepEqual([failures, faults], [0, {}]);
  assert.equal(events.emitted, events.received + events.pending + events.lost);

  const blocked = [...(await agent.audit()).matchAll(/ BLOCKED (\S+) udp \S+ > \S+:(\d+) /g)].map(([, rule, port]) => `${rule} ${port}`);
  assert.deepEqual([...new Set(blocked)].sort(), [
    `a-blocks ${PORT.onlyB}`,
    `a-blocks ${PORT.none}`,
    `b-blocks ${PORT.none}`,
    `b-blocks-too ${PORT.onlyA}`,
  ]);
});

/** The whole file as the harness writes it. */
async function fileOf(agent: AgentHome, rules: string): Promise<string> {
  await agent.configure(config(rules));
  return readFile(agent.configPath, "utf8");
}

/** As an editor does: the file is never there in part. */
async function save(agent: AgentHome, text: string): Promise<void> {
  await writeFile(`${agent.configPath}.new`, text, { mode: 0o600 });
  await rename(`${agent.configPath}.new`, agent.configPath);
}
