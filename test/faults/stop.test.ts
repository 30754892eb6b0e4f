/** An agent that is told to stop takes up nothing any more, whatever it was doing. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

/** It takes the connection and never answers, so that the agent takes its time to say goodbye. */
const SLOW_COLLECTOR = "otel: { endpoint: 'http://127.0.0.1:4318' }";
const INTERFACES = "interfaces: { include: [eth0] }";

/** A thread reads it, which takes longer than to detach from an interface. */
function manyRules(): string {
  const rules = Array.from({ length: 900 }, (_, at) => ({
    name: `rule-${at}`,
    description: "x".repeat(200),
    action: "block",
    layer4: { protocol: "tcp", destination_ports: [at + 1] },
  }));
  return `rules: ${JSON.stringify(rules)}`;
}

test(
  "a reload that is under way when the agent is told to stop attaches to nothing again",
  requires(root(), tool("nc", "netcat-openbsd")),
  async () => {
    await using lab = await makeLab();
    await using agent = await AgentHome.make(lab, "server");
    const collector = lab.spawn("server", ["nc", "-lk", "127.0.0.1", "4318"], { stdio: "ignore" });
    try {
      await agent.start({ config: `${INTERFACES}\n${SLOW_COLLECTOR}\n${manyRules()}` });
      await agent.weir("reload"); // which it can do
      await eventually("it runs", () => agent.said.includes("weir runs"));
      process.kill(agent.pid, "SIGHUP");
      assert.equal(await agent.stop(), 0, agent.said);
      const [, afterwards = ""] = agent.said.split('direction=egress hook=none mode="" reason="weir stops"');
      assert.match(afterwards, /weir has stopped; nothing of it is left in the kernel/);
      assert.doesNotMatch(afterwards, / watched interface=/);
      assert.match(agent.said, /weir is stopping/, "the reload was under way");
      assert.equal(existsSync(agent.pins), false);
    } finally {
      collector.kill("SIGKILL");
    }
  },
);
