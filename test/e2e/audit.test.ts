/** An audit log that cannot be written is no reason not to watch: the agent says so and goes on. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";

test("an agent whose audit log cannot be written starts degraded, and says why", requires(root()), async () => {
  await using lab = await makeLab({ namespaces: ["server"], links: [] });
  await using agent = await AgentHome.make(lab, "server");
  await writeFile(`${agent.folder}/file`, "");
  await writeFile(
    agent.configPath,
    `version: 1\nstate_dir: ${agent.stateDirectory}\ncontrol_socket: ${agent.folder}/control.sock\naudit: { path: ${agent.folder}/file/audit.log }\n`,
  );
  await agent.restart();
  const { health } = await agent.status();
  assert.equal(health.state, "degraded");
  assert.match(health.reasons.join(), /audit log .* cannot be written/);
  assert.equal(await agent.stop(), 0);
});
