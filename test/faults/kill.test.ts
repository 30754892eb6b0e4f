/** The agent is killed under traffic: what it put in force goes on, and the next agent takes it over. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { allGone, programsOf } from "./programs.ts";
import { Traffic } from "./traffic.ts";

const BLOCKED = 5001;
const ALLOWED = 5002;
const ROUNDS = Number(process.env["WEIR_KILLS"] ?? 2);
const CONFIG = `
interfaces: { include: [eth0] }
rules:
  - { name: no-5001, action: block, enforce: true, direction: ingress, interfaces: ["eth*"], layer4: { protocol: udp, destination_ports: [${BLOCKED}] } }
`;

test(
  "a killed agent leaves its verdicts in force, and the next one goes on with them",
  requires(root(), tool("bpftool", "bpftool")),
  async () => {
    await using lab = await makeLab();
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ config: CONFIG });
    await agent.weir("mode", "prevent");
    const { generation } = await agent.status();
    const traffic = await Traffic.start(lab, [BLOCKED, ALLOWED], 50);
    await traffic.more(ALLOWED, true);
    let emitted = 0;

    for (let round = 0; round < ROUNDS; round++) {
      await agent.stop("SIGKILL");
      await traffic.more(BLOCKED, false);
      await traffic.more(ALLOWED, true);
      assert.equal((await traffic.received())[BLOCKED], 0, "while no agent runs");
      assert.ok(existsSync(agent.pins));

      await agent.restart();
      const status = await agent.status();
      assert.equal(status.mode, "prevent", "the mode set by command is kept");
      assert.ok(status.generation > generation, "the new agent's rules follow those it found");
      const { events } = status.counters;
      assert.equal(events.emitted, events.received + events.pending + events.lost);
      assert.ok(events.emitted >= emitted, "the count goes on");
      emitted = events.emitted;
      await eventually("its START in the audit log", async () => starts(await agent.audit()).length === round + 2);
      assert.match(starts(await agent.audit()).at(-1)!, /adopted=yes/);
      await traffic.more(ALLOWED, true);
    }
    assert.match(starts(await agent.audit())[0]!, /adopted=no/);

    const sent = await traffic.stop();
    assert.ok(sent[BLOCKED]! > 0);
    await eventually("every allowed datagram", async () => (await traffic.received())[ALLOWED] === sent[ALLOWED]);
    assert.equal((await traffic.received())[BLOCKED], 0, "not one passed, whoever was running");

    const programs = await programsOf(agent);
    assert.ok(programs.size > 2, "those at the interface, and those that watch sockets");
    assert.equal(await agent.stop(), 0);
    assert.equal(existsSync(agent.pins), false);
    await allGone(agent, programs);
  },
);

test("the next agent may be of another version, whose tables are its own", requires(root()), async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await agent.start({ config: CONFIG });
  await agent.weir("mode", "prevent");
  const traffic = await Traffic.start(lab, [BLOCKED, ALLOWED], 50);
  await traffic.more(ALLOWED, true);

  await agent.stop("SIGKILL");
  const [tables] = readdirSync(agent.pins).filter((name) => name.startsWith("tables-"));
  renameSync(join(agent.pins, tables!), join(agent.pins, "tables-of-another")); // as if other programs had made them
  await agent.restart();
  await eventually("the other version's tables are gone", () => !existsSync(join(agent.pins, "tables-of-another")));
  assert.match(starts(await agent.audit()).at(-1)!, /adopted=no/);
  await traffic.more(BLOCKED, false);
  await traffic.more(ALLOWED, true);

  const sent = await traffic.stop();
  await eventually("every allowed datagram", async () => (await traffic.received())[ALLOWED] === sent[ALLOWED]);
  assert.equal((await traffic.received())[BLOCKED], 0, "not one passed, whichever tables were asked");
});

function starts(audit: string): string[] {
  return audit.split("\n").filter((line) => / START /.test(line));
}
