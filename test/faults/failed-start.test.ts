/**
 * A start that fails after it has attached leaves in force what an agent before left in force, and nothing of its own: the same
 * links with the same programs, over the same tables.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { linkInfo, pinnedLinks } from "../../agent/kernel/attachment.ts";
import { libbpf } from "../../agent/kernel/libbpf.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";
import { Traffic } from "./traffic.ts";

const BLOCKED = 5001;
const ALLOWED = 5002;

function config({ interfaces = "[eth0]", mode = "prevent", port = BLOCKED, ingress = "auto" } = {}): string {
  return `
mode: ${mode}
interfaces: { include: ${interfaces}, ingress: ${ingress} }
rules: [{ name: no, action: block, enforce: true, direction: ingress, layer4: { protocol: udp, destination_ports: [${port}] } }]
`;
}

/** An agent that was killed, and traffic to a port that it blocks and to one that it allows. */
async function killed(lab: Lab, settings: Parameters<typeof config>[0] = {}): Promise<{ agent: AgentHome; traffic: Traffic }> {
  await lab.exec("server", "ip", "link", "add", "other0", "up", "type", "veth", "peer", "name", "peer0");
  const agent = await AgentHome.make(lab, "server");
  await agent.start({ config: config(settings) });
  const traffic = await Traffic.start(lab, [BLOCKED, ALLOWED], 50);
  await traffic.more(ALLOWED, true);
  await agent.stop("SIGKILL");
  return { agent, traffic };
}

/** Starts an agent that cannot say whose the pins are, which is the last thing that it does before it runs. */
async function failLate(agent: AgentHome): Promise<void> {
  const obstacle = join(agent.pins, "agent", "state-next");
  mkdirSync(obstacle);
  await fail(agent, /state-next/);
  rmdirSync(obstacle);
}

async function fail(agent: AgentHome, sentence: RegExp): Promise<void> {
  const { code, stderr } = await agent.lab.attempt(
    agent.namespace,
    "timeout",
    "-k",
    "1",
    "90",
    agent.launcher,
    "run",
    "--no-view",
    "--start-within",
    "60s",
    "--config",
    agent.configPath,
  );
  assert.equal(code, 1, stderr);
  assert.match(stderr, sentence);
}

/** Which program each pinned link has. */
function programs(agent: AgentHome): Record<string, number> {
  const folder = join(agent.pins, "links");
  return Object.fromEntries(
    pinnedLinks(folder).map((name) => {
      const fd = libbpf().get(join(folder, name));
      const { program } = linkInfo(fd);
      closeSync(fd);
      return [name, program];
    }),
  );
}

function tables(agent: AgentHome): string[] {
  return readdirSync(agent.pins).filter((name) => name.startsWith("tables-"));
}

for (const ingress of ["tcx", "xdp"]) {
  test(`links at which ${ingress} judges get the programs of another version back`, requires(root()), async () => {
    await using lab = await makeLab();
    const { agent, traffic } = await killed(lab, { ingress });
    await using _ = agent;
    const [own] = tables(agent);
    renameSync(join(agent.pins, own!), join(agent.pins, "tables-of-another")); // as if other programs had made them
    const before = programs(agent);
    assert.ok(Object.keys(before).length > 4, JSON.stringify(before));

    await agent.configure(config({ ingress, interfaces: "[eth0, other0]" }));
    await failLate(agent);
    assert.deepEqual(programs(agent), before);
    assert.deepEqual(tables(agent), ["tables-of-another"]);
    await traffic.more(ALLOWED, true);
    await traffic.more(BLOCKED, false);
    assert.equal((await traffic.received())[BLOCKED], 0);

    await agent.restart();
    // The programs at system calls are attached a little after the start.
    const after = await eventually("a start that succeeds attaches more", () => {
      const found = programs(agent);
      return Object.keys(found).length > Object.keys(before).length && found;
    });
    assert.ok(
      Object.entries(before).every(([name, program]) => after[name] !== program),
      "and exchanges all",
    );
    assert.deepEqual(tables(agent), [own]);
    await traffic.more(ALLOWED, true);
    assert.equal((await traffic.received())[BLOCKED], 0);
  });
}

test("an interface that the failed start has no use for stays watched, and one that it added does not", requires(root()), async () => {
  await using lab = await makeLab();
  const { agent, traffic } = await killed(lab);
  await using _ = agent;
  const before = programs(agent);
  await agent.configure(config({ interfaces: "[other0]" }));
  await failLate(agent);
  assert.deepEqual(programs(agent), before);
  await traffic.more(ALLOWED, true);
  await traffic.more(BLOCKED, false);
  assert.equal((await traffic.received())[BLOCKED], 0);

  await agent.restart();
  const after = Object.keys(programs(agent));
  assert.deepEqual(after.filter((name) => !name.startsWith("trace-")).length, 2, `those of other0 alone: ${after.join()}`);
  await traffic.more(BLOCKED, true);
});

test("a start whose audit log is refused changes no rule that is in force", requires(root()), async () => {
  await using lab = await makeLab();
  const { agent, traffic } = await killed(lab);
  await using _ = agent;
  const before = programs(agent);
  rmSync(agent.auditPath);
  execFileSync("mkfifo", [agent.auditPath]);
  await agent.configure(config({ port: ALLOWED }));
  await fail(agent, /not a regular file/);
  assert.deepEqual(programs(agent), before);
  await traffic.more(ALLOWED, true);
  await traffic.more(BLOCKED, false);
  assert.equal((await traffic.received())[BLOCKED], 0);

  rmSync(agent.auditPath);
  await agent.restart();
  await traffic.more(BLOCKED, true);
  await traffic.endsAt(ALLOWED, BLOCKED);
});

test("a failed start that would have switched to prevent drops nothing", requires(root()), async () => {
  await using lab = await makeLab();
  const { agent, traffic } = await killed(lab, { mode: "detect" });
  await using _ = agent;
  await agent.configure(config());
  await failLate(agent);
  await traffic.more(BLOCKED, true);
  await traffic.more(BLOCKED, true);
  await agent.restart();
  await traffic.endsAt(BLOCKED, ALLOWED);
});
