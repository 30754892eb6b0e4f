/** Operators' actions outlive a flood of detections, over restarts and kills of a real agent. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { actionsPath } from "../../audit/actions.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

const FLOOD = (address: string): string => `import socket
for port in range(1000, 6000):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b"x", ("${address}", port)); s.close()`;

test(
  "actions are shown and verified after a flood of detections, a restart and a kill, and a change of either file is found",
  requires(root(), tool("python3", "python3")),
  async () => {
    await using lab = await makeLab();
    await using agent = await AgentHome.make(lab, "server");
    const config =
      "rules: [{ name: watched, action: block, layer4: { protocol: udp } }]\nevents_per_second: 100000\notel: { traces: false, metrics: false, logs: false }";
    await agent.configure(config);
    const written = readFileSync(agent.configPath, "utf8").replace(
      /audit: \{ path: (\S+) \}/,
      "audit: { path: $1, rotate: { size: 64kB, keep: 1 } }",
    );
    writeFileSync(agent.configPath, written);
    await agent.restart();
    await agent.weir("rule", "add", "--action", "block", "--proto", "tcp", "--port", "23", "--name", "by-hand");
    await lab.exec("client", "python3", "-c", FLOOD(lab.end("server:eth0").ipv4));
    await eventually("the log has rotated the action away", async () => {
      const events = await agent.weir("audit", "verify", "--config", agent.configPath, "--json");
      const { first } = JSON.parse(events) as { first: number };
      return first > 100;
    });
    await agent.stop("SIGKILL");
    await agent.restart();
    await agent.stop();
    await agent.restart();
    const shown = await agent.weir("audit", "show", "--config", agent.configPath, "--type", "START,STOP,RULE-ADD");
    assert.deepEqual(
      shown
        .trimEnd()
        .split("\n")
        .map((line) => line.split(" ")[2]),
      ["START", "RULE-ADD", "START", "STOP", "START"],
    );
    assert.match(await agent.weir("audit", "verify", "--config", agent.configPath), /copied actions? in 1 file beside, nothing is wrong\./);

    await agent.stop();
    const copies = readFileSync(actionsPath(agent.auditPath), "latin1");
    writeFileSync(actionsPath(agent.auditPath), copies.replace("by-hand", "by-hend"));
    const changed = await lab.attempt("server", agent.launcher, "audit", "verify", "--config", agent.configPath);
    assert.equal(changed.code, 1);
    assert.match(changed.stderr, /audit\.log\.actions:\d+: record #\d+ was changed/);
    writeFileSync(actionsPath(agent.auditPath), copies);
    assert.equal((await lab.attempt("server", agent.launcher, "audit", "verify", "--config", agent.configPath)).code, 0);
  },
);
