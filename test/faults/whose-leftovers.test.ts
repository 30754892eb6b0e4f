/** What agents left behind says whose it is: `weir detach` tells it to that agent's audit log, and to no other. */

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { type Lab, makeLab, type Outcome } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

const CONFIG = "interfaces: { include: [eth0] }";
const USUAL_LOG = "/var/log/weir/audit.log";
const here = requires(root(), tool("unshare", "util-linux"));

test(
  "weir detach finds the one agent that left something, and tells its audit log whatever the configuration says by now",
  here,
  async () => {
    await using lab = await makeLab();
    const machine = await ownPins(lab);
    await using agent = await agentIn(lab, machine);
    await agent.start({ config: CONFIG });
    await agent.stop("SIGKILL");
    await writeFile(agent.configPath, "mode: sideways");
    const usual = sizeOf(USUAL_LOG);

    const said = await weir(agent, "detach", "--json");
    assert.equal(said.code, 0, said.stderr);
    const { pins, audited } = JSON.parse(said.stdout) as { pins: string; audited: boolean };
    assert.deepEqual([pins, audited], [agent.pins, true]);
    assert.match(await agent.audit(), / DETACH uid=0 /);
    assert.equal(sizeOf(USUAL_LOG), usual, "nobody else's log was touched");
    await agent.configure(CONFIG);
    const verdict = await weir(agent, "audit", "verify", "--config", agent.configPath);
    assert.equal(verdict.code, 0, verdict.stderr);
  },
);

test("a configuration that is broken by now keeps nobody from ending what its agent left, however that is named", here, async () => {
  await using lab = await makeLab();
  const machine = await ownPins(lab);
  await using agent = await agentIn(lab, machine);
  for (const named of [
    ["--config", agent.configPath],
    ["--state-dir", agent.stateDirectory],
    ["--config", agent.configPath, "--state-dir", agent.stateDirectory],
  ]) {
    await agent.start({ config: CONFIG });
    await agent.stop("SIGKILL");
    await writeFile(agent.configPath, "mode: sideways");
    const said = await weir(agent, "detach", "--json", ...named);
    assert.equal(said.code, 0, said.stderr);
    const { pins, removed, audited } = JSON.parse(said.stdout) as { pins: string; removed: unknown[]; audited: boolean };
    assert.deepEqual([pins, removed.length > 0, audited], [agent.pins, true, true]);
  }
  assert.equal((await agent.audit()).match(/ DETACH uid=0 /g)?.length, 3);

  await agent.start({ config: CONFIG });
  await agent.stop("SIGKILL");
  await writeFile(agent.configPath, "mode: sideways");
  assert.equal((await weir(agent, "sh", "rm", "-r", join(agent.pins, "agent"))).code, 0); // as an agent of an earlier version left it
  const { code, stdout, stderr } = await weir(agent, "detach", "--json", "--config", agent.configPath, "--state-dir", agent.stateDirectory);
  assert.equal(code, 0, stderr);
  assert.equal((JSON.parse(stdout) as { audited: boolean }).audited, false);
  assert.match(stderr, /This is not in the audit log: weir does not know which log the agent had/);
});

test("where several agents left something, weir detach says which, and wants one named", here, async () => {
  await using lab = await makeLab({
    namespaces: ["one", "other", "client"],
    links: [
      { from: "client:eth0", to: "one:eth0" },
      { from: "client:eth1", to: "other:eth0" },
    ],
  });
  const machine = await ownPins(lab);
  await using one = await agentIn(lab, machine, "one");
  await using other = await agentIn(lab, machine, "other");
  await one.start({ config: CONFIG });
  await other.start({ config: CONFIG });
  await one.stop("SIGKILL");
  await other.stop("SIGKILL");

  const { code, stderr } = await weir(one, "detach");
  assert.equal(code, 1);
  assert.match(stderr, /Several agents left something in force/);
  for (const { stateDirectory, configPath } of [one, other])
    assert.ok(stderr.includes(`--state-dir ${stateDirectory}, or --config ${configPath}`), stderr);
  assert.match(stderr, /Name one/);

  const named = await weir(one, "detach", "--state-dir", one.stateDirectory);
  assert.equal(named.code, 0, named.stderr);
  assert.match(await one.audit(), / DETACH uid=0 /);
  assert.doesNotMatch(await other.audit(), / DETACH uid=0 /);

  const rest = await weir(one, "detach");
  assert.equal(rest.code, 0, rest.stderr);
  assert.match(await other.audit(), / DETACH uid=0 /);
  for (const agent of [one, other]) assert.equal((await weir(agent, "audit", "verify", "--config", agent.configPath)).code, 0);
});

test("an agent that runs is none that left something, and only root can say whose pins are", here, async () => {
  await using lab = await makeLab();
  const machine = await ownPins(lab);
  await using agent = await agentIn(lab, machine);
  await agent.start({ config: CONFIG });
  const { code, stdout } = await weir(agent, "detach");
  assert.equal(code, 0);
  assert.match(stdout, /^Nothing is left in force/);
  assert.equal((await agent.status()).health.state, "ok");
  const modes = await weir(agent, "sh", "stat", "-c", "%a %U", agent.pins, join(agent.pins, "agent"));
  assert.equal(modes.stdout, "700 root\n700 root\n");
});

/** Holds a mount namespace with a BPF file system of its own: what other agents of this machine pinned is not seen there. */
async function ownPins(lab: Lab): Promise<ChildProcess> {
  const machine = lab.spawn(
    "client",
    ["unshare", "--mount", "--propagation", "private", "sh", "-euc", "mount -t bpf bpf /sys/fs/bpf; echo ready; exec sleep infinity"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await once(machine.stdout!, "data");
  return machine;
}

async function agentIn(lab: Lab, machine: ChildProcess, namespace = "server"): Promise<AgentHome> {
  const agent = await AgentHome.make(lab, namespace, join(import.meta.dirname, "../../agent/weir"));
  const launcher = join(agent.folder, "weir");
  await writeFile(
    launcher,
    `#!/bin/sh\nif [ "$1" = sh ]; then shift; else set -- ${agent.launcher} "$@"; fi\nexec nsenter --mount=/proc/${machine.pid}/ns/mnt -- "$@"\n`,
  );
  await chmod(launcher, 0o755);
  return Object.assign(agent, { launcher });
}

function weir(agent: AgentHome, ...words: string[]): Promise<Outcome> {
  return agent.lab.attempt(agent.namespace, agent.launcher, ...words);
}

function sizeOf(path: string): number | undefined {
  return existsSync(path) ? statSync(path).size : undefined;
}
