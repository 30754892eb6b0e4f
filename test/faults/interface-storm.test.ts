/** Devices that change faster than anybody can list them: the agent goes on, and is right once they rest. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";

const DEVICES = 200;
const ROUNDS = 15;
const PATIENCE_MS = 60_000;
/** The agent opens a few descriptors for other work at any time; a leak would be one of each device or each rename. */
const OTHERS = 10;

test("many devices that are renamed over and over are followed in the end, and none is kept", requires(root()), async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await agent.start({ config: "interfaces: { include: [eth0, 'many*'], ingress: tcx }\nprobes: { system_calls: off }" });
  const { pid, pins } = agent;
  const holdings = (): number[] => [readdirSync(`/proc/${pid}/fd`).length, readdirSync(`${pins}/links`).length];
  const before = holdings();
  const batch = (line: string): Promise<string> =>
    lab.exec("server", "sh", "-c", `for i in $(seq 1 ${DEVICES}); do echo ${line}; done | ip -batch -`);
  const watched = async (): Promise<string> =>
    (await agent.status()).interfaces
      .map(({ name }) => name)
      .sort()
      .join();
  const named = (prefix: string): string =>
    ["eth0", ...Array.from({ length: DEVICES }, (_, number) => `${prefix}${number + 1}`)].sort().join();

  await batch("link add many0-$i type veth peer name far$i");
  for (let round = 0; round < ROUNDS; round++) await batch(`link set many${round}-$i name many${round + 1}-$i`);
  await eventually("the last names", async () => (await watched()) === named(`many${ROUNDS}-`), PATIENCE_MS);
  assert.equal(agent.pid, pid);
  await eventually("all is well", async () => (await agent.status()).health.state === "ok", PATIENCE_MS);

  await batch(`link delete many${ROUNDS}-$i`);
  await eventually("none of them", async () => (await watched()) === "eth0", PATIENCE_MS);
  await eventually(
    "descriptors and links of the devices are gone",
    () => holdings().every((now, index) => now <= before[index]! + OTHERS),
    PATIENCE_MS,
  );
});
