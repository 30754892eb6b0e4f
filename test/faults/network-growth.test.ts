/** Bans and members of sets that outgrow their table while the agent runs: it is exchanged for a larger one, and nobody who is blocked passes. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { ControlClient } from "../../agent/api/client.ts";
import { MOST_NETWORKS } from "../../agent/service/requests/networks.ts";
import { libbpf } from "../../agent/kernel/libbpf.ts";
import { BpfMap } from "../../agent/kernel/maps.ts";
import { linesFor } from "../../agent/enforce/networks/memory.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";
import { ask, child } from "./stamped.ts";

const BLOCKED = "198.18.0.1";
const TWIN = "198.18.0.9";
const PORT = 5001;
const OTHERS = 150_000;

interface Kind {
  /** Of the tables. */
  whose: "ban" | "set";
  config: string;
  add(control: ControlClient, networks: string[]): Promise<unknown>;
  remove(control: ControlClient, networks: string[]): Promise<unknown>;
}

const KINDS: Record<string, Kind> = {
  bans: {
    whose: "ban",
    config: "",
    add: (control, networks) => control.addBans({ networks, check_only: false }),
    remove: (control, networks) => control.deleteBans(networks),
  },
  "members of a set": {
    whose: "set",
    config: 'sets: { many: { addresses: [] } }\nrules: [{ name: many, action: block, enforce: true, layer3: { source: ["@many"] } }]\n',
    add: (control, networks) => control.addMembers({ set: "many", networks, check_only: false }),
    remove: (control, networks) => control.removeMembers("many", networks),
  },
};

for (const [what, { whose, config, add, remove }] of Object.entries(KINDS)) {
  test(`${what} that outgrow their table are in force without a packet of the blocked passing`, requires(root()), async (t) => {
    await using lab = await makeLab();
    await lab.exec("client", "ip", "addr", "add", `${TWIN}/24`, "dev", "eth0");
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ config: `mode: prevent\ninterfaces: { include: [eth0] }\n${config}` });
    const control = new ControlClient(agent.controlSocket);
    await add(control, [BLOCKED]);
    const before = (await control.policy()).tables;
    const receiver = await child(lab, "server", "receive", PORT);
    const sender = await child(lab, "client", "send", PORT, lab.end("server:eth0").ipv4, TWIN, BLOCKED);

    for (let from = 0; from < OTHERS; from += MOST_NETWORKS) {
      const networks = Array.from({ length: Math.min(MOST_NETWORKS, OTHERS - from) }, (_, index) => addressOf(from + index));
      await add(control, networks);
    }
    const enough = (await ask(receiver))[TWIN]!.length + 100;
    await eventually("more of the twin", async () => (await ask(receiver))[TWIN]!.length > enough);
    assert.equal((await ask(receiver))[BLOCKED], undefined);

    const { tables } = await control.policy();
    assert.notEqual(tables, before);
    assert.equal(entriesOf(tables, `${whose}_lines`).most, linesFor(OTHERS));
    assert.equal(entriesOf(tables, `${whose}_prefixes`).found, 0, "all of them are in the fast table");
    const { faults, health } = await agent.status();
    assert.deepEqual([faults, health.state], [{}, "ok"]);

    await remove(control, [BLOCKED]);
    await eventually("who is not blocked any more", async () => (await ask(receiver))[BLOCKED] !== undefined);
    const sent = await ask(sender);
    await eventually("every datagram of the twin", async () => (await ask(receiver))[TWIN]!.length === sent[TWIN]!.length);
    assert.ok(enough > 200 && sent[BLOCKED]!.length > enough, "the blocked had sent as much");
    t.diagnostic(`${sent[TWIN]!.length} datagrams of each`);
    assert.equal(await agent.stop(), 0, agent.said);
  });
}

/** In a /24 of its own: more than some fifty of one /24 have no room in their lines. */
function addressOf(index: number): string {
  return `${20 + (index % 100)}.${Math.floor(index / 100) & 255}.${Math.floor(index / 25_600)}.7`;
}

function entriesOf(tables: string, name: string): { most: number; found: number } {
  const map = new BpfMap(name, libbpf().get(join(tables, name)));
  try {
    let found = 0;
    if (name.endsWith("_prefixes")) for (const { count } of map.batches()) found += count;
    return { most: map.info.maxEntries, found };
  } finally {
    map.close();
  }
}
