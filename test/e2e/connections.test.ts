/** How many connections may be open at once, with real ones: with an agent, and after it was killed. */

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { it } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";
import { Receiver } from "./receiver.ts";

const [LIMITED, FREE] = [8080, 8081];
const MOST = 3;

const CONFIG = `
mode: prevent
interfaces: { include: [eth0] }
rules:
  - { name: few, action: block, enforce: true, direction: ingress, layer4: { protocol: tcp, destination_ports: [${LIMITED}], connections_over: ${MOST} } }
`;

/** Holds a connection until it is ended; says at once if it cannot have one. */
const HOLD = `
const socket = require("node:net").connect({ host: process.argv[1], port: +process.argv[2] });
socket.on("connect", () => process.stdout.write("open")).on("error", () => process.stdout.write("refused"));
setTimeout(() => socket.connecting && process.stdout.write("silence", () => process.exit()), 1500);
`;

it(
  "lets no source have more connections open than the rule says, and others instead of those that are closed",
  requires(root()),
  async () => {
    await using lab = await makeLab();
    await Receiver.open(lab, "server", { tcp: [LIMITED, FREE] });
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ config: CONFIG });

    const held: ChildProcess[] = [];
    for (let count = 0; count < MOST; count++) held.push(await opened(lab, LIMITED));
    assert.equal(await tried(lab, LIMITED), "silence");
    for (let count = 0; count <= MOST; count++) assert.equal(await tried(lab, FREE), "open");
    assert.match(await agent.weir("rule", "show", "few"), /with over 3 others open by source/);

    await close(held.pop()!);
    held.push(await eventually("room for another", () => attempted(lab, LIMITED)));
    assert.equal(await tried(lab, LIMITED), "silence");

    await agent.stop("SIGKILL");
    assert.equal(await tried(lab, LIMITED), "silence");
    await close(held.pop()!);
    held.push(await eventually("room for another without an agent", () => attempted(lab, LIMITED)));
    assert.equal(await tried(lab, LIMITED), "silence");
    assert.equal(await tried(lab, FREE), "open");

    await agent.restart();
    assert.equal(await tried(lab, LIMITED), "silence");
    assert.deepEqual((await agent.status()).faults, {});
    for (const one of held) await close(one);
  },
);

/** A connection from the client, and what became of it. */
async function attempt(lab: Lab, port: number): Promise<{ child: ChildProcess; said: string }> {
  const child = lab.spawn("client", [process.execPath, "-e", HOLD, lab.end("server:eth0").ipv4, String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once(child.stdout!, "data")) as [Buffer];
  return { child, said: said.toString() };
}

async function tried(lab: Lab, port: number): Promise<string> {
  const { child, said } = await attempt(lab, port);
  await close(child);
  return said;
}

async function attempted(lab: Lab, port: number): Promise<ChildProcess | undefined> {
  const { child, said } = await attempt(lab, port);
  if (said === "open") return child;
  await close(child);
  return undefined;
}

async function opened(lab: Lab, port: number): Promise<ChildProcess> {
  const child = await attempted(lab, port);
  assert.ok(child !== undefined, `no connection to port ${port}`);
  return child;
}

async function close(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
