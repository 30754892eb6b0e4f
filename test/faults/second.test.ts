/** What stands in the way of a start, or of the collector, is said in a sentence, and disturbs nothing that runs. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { forOthers } from "../harness/for-others.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

const AS_NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"];
const LAB = { namespaces: ["server"], links: [] };

test("a second instance is refused with the pid of the first, which goes on", requires(root()), async () => {
  await using lab = await makeLab(LAB);
  await using agent = await AgentHome.make(lab, "server");
  await agent.start({ config: "interfaces: { include: [lo] }" });
  const before = await agent.status();

  const { code, stdout, stderr } = await agent.attempt("run", "--no-view", "--config", agent.configPath);
  assert.notEqual(code, 0);
  assert.match(stdout + stderr, new RegExp(`already running.*\\b${before.pid}\\b`));
  assert.match(stdout + stderr, /weir status/, "and what to do next");

  const after = await agent.status();
  assert.deepEqual([after.pid, after.generation, after.interfaces], [before.pid, before.generation, before.interfaces]);
  assert.equal(agent.pid, before.pid);
  assert.doesNotMatch(agent.said, /detached by somebody else/);
  assert.equal((await agent.audit()).split("\n").filter((line) => / START /.test(line)).length, 1);
});

test("whoever is not root is told so, and what to do", requires(root(), tool("setpriv", "util-linux")), async () => {
  await using lab = await makeLab(LAB);
  for (const command of [["run", "--no-view"], ["status"]]) {
    const { code, stdout, stderr } = await lab.attempt(
      "server",
      ...AS_NOBODY,
      forOthers().weir,
      ...command,
      "--socket",
      "/run/weir-of-nobody/control.sock",
    );
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /\broot\b/, `weir ${command.join(" ")} said: ${stdout}${stderr}`);
    assert.doesNotMatch(stdout + stderr, /\n\s+at /, "a sentence, no stack");
  }
});

test("a collector that nobody runs is named with its port, and the agent runs all the same", requires(root()), async () => {
  await using lab = await makeLab(LAB);
  await using agent = await AgentHome.make(lab, "server");
  const [port] = await lab.freePorts("server", 1);
  await agent.start({
    config: `interfaces: { include: [lo] }\notel: { endpoint: "http://127.0.0.1:${port}" }`,
    env: { OTEL_METRIC_EXPORT_INTERVAL: "200" },
  });
  await eventually("a word about the collector", () => agent.said.includes(`127.0.0.1:${port}`));
  assert.match(agent.said, /refused|closed|collector/i);
  assert.equal((await agent.status()).pid, agent.pid);
  assert.equal(await agent.stop(), 0);
});
