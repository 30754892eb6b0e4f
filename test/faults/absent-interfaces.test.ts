/** A name of an interface that fits nothing: the agent says so wherever it says anything, until the device is there. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";

test("an include that fits no device degrades health until the device appears", requires(root()), async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await agent.start({ config: "interfaces: { include: [eth0, eht1] }" });
  await addDevice(lab, "eth1");
  await told(agent, 'no device is called "eht1"; did you mean eth1?', [{ pattern: "eht1", excluded: false, nearest: "eth1" }]);
  assert.match(agent.said, /no device is called "eht1"/);
  assert.match(await agent.weir("status"), /^eht1 of interfaces\.include matches no device; did you mean eth1\?$/m);
  assert.equal(await absentMetric(agent), 1);

  await addDevice(lab, "eht1");
  await well(agent);
  assert.deepEqual((await agent.status()).interfaces.map(({ name }) => name).sort(), ["eht1", "eth0"]);
  assert.equal(await absentMetric(agent), 0);
  await lab.exec("server", "ip", "link", "delete", "eht1");
  await eventually("it is missed again", async () => (await agent.status()).health.state === "degraded");

  await agent.configure("interfaces: { include: [eth0, eth1] }");
  assert.doesNotMatch(await agent.weir("reload"), /eht1/);
  await well(agent);
  await agent.configure(
    "interfaces: { include: [eth0], overrides: [{ name: eth9, ingress: xdp }] }\nrules: [{ name: r, action: block, interfaces: [eth8] }]",
  );
  const { stdout, stderr } = await agent.attempt("reload");
  for (const name of ["eth8", "eth9"]) assert.match(stdout + stderr, new RegExp(`"${name}"`));
  await well(agent);
});

test("* without any device to watch degrades health, and with one it does not", requires(root()), async () => {
  await using lab = await makeLab({ namespaces: ["alone"], links: [] });
  await using agent = await AgentHome.make(lab, "alone");
  await agent.start();
  await told(agent, '"*" finds no device to watch', [{ pattern: "*", excluded: false }]);
  await lab.exec("alone", "sh", "-c", "ip link add v0 type veth peer name v1 && ip address add 10.0.0.1/24 dev v0");
  await well(agent);
});

test("weir check says which names fit no device of this machine, and is silent where all fit", requires(root()), async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  const check = async (interfaces: string): Promise<string> => {
    const file = join(agent.folder, "checked.yaml");
    await writeFile(file, `version: 1\ninterfaces: ${interfaces}\n`);
    const { code, stdout, stderr } = await lab.attempt("server", agent.launcher, "check", file);
    assert.equal(code, 0, stderr);
    return stdout + stderr;
  };
  assert.match(await check("{ include: [eht0] }"), /warning: .*on this machine: .*no device is called "eht0"; did you mean eth0\?/);
  assert.doesNotMatch(await check("{ include: [eth0] }"), /warning/);
});

async function told(agent: AgentHome, sentence: string, absent: unknown): Promise<void> {
  const { health, absent_interfaces } = await eventually("a word about it", async () => {
    const status = await agent.status();
    return status.health.reasons.some((reason) => reason.includes(sentence)) && status;
  });
  assert.equal(health.state, "degraded");
  assert.deepEqual(absent_interfaces, absent);
}

async function well(agent: AgentHome): Promise<void> {
  await eventually("all is well", async () => {
    const { health, absent_interfaces } = await agent.status();
    return health.state === "ok" && absent_interfaces.length === 0;
  });
}

async function absentMetric(agent: AgentHome): Promise<number> {
  return Number(/^weir_interfaces_absent(?:\{.*\})? (\d+)/m.exec(await agent.weir("metrics"))?.[1]);
}

async function addDevice(lab: Lab, name: string): Promise<void> {
  await lab.exec("server", "ip", "link", "add", name, "type", "veth", "peer", "name", `${name}-far`);
}
