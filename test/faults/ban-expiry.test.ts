/** A ban among a million ends in its very second, while packets of the banned keep coming, and also with the agent dead. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { BanStore } from "../../agent/enforce/bans/store.ts";
import { MOST_NETWORKS } from "../../agent/service/requests/networks.ts";
import { maskTo, type Network } from "../../agent/values/address.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { Random } from "../harness/random.ts";
import { requires, root } from "../harness/require.ts";
import { ask, child } from "./stamped.ts";

const BANNED = "198.18.0.1";
const TWIN = "198.18.0.9";
const PORT = 5001;
const OTHERS = 1_000_000;
/** The clock that stamps are read from stands still for a hundredth of a second. */
const BLUR = 2;

describe("a ban among a million", requires(root()), () => {
  for (const agentIs of ["alive", "dead"] as const) {
    it(`ends in its second under traffic, the agent being ${agentIs}`, async (t) => {
      await using lab = await makeLab();
      await lab.exec("client", "ip", "addr", "add", `${TWIN}/24`, "dev", "eth0");
      await using agent = await AgentHome.make(lab, "server");
      await banOthers(agent.stateDirectory);
      await agent.start({ config: "mode: prevent\ninterfaces: { include: [eth0] }\n" });
      assert.equal((await agent.status()).bans, OTHERS);

      await agent.weir("ban", "add", BANNED, "--for", "5s");
      const until = 100 * untilOf(join(agent.stateDirectory, "bans.journal"));
      const receiver = await child(lab, "server", "receive", PORT);
      const sender = await child(lab, "client", "send", PORT, lab.end("server:eth0").ipv4, TWIN, BANNED);
      if (agentIs === "dead") await agent.stop("SIGKILL");

      await eventually(
        "what comes after the ban",
        async () => (await ask(receiver))[BANNED]?.some((stamp) => stamp > until + 100) === true,
      );
      const sent = await ask(sender);
      await eventually("every datagram of the twin", async () => (await ask(receiver))[TWIN]?.length === sent[TWIN]!.length);
      const received = (await ask(receiver))[BANNED]!;

      assert.ok(
        sent[BANNED]!.some((stamp) => stamp < until - BLUR),
        "some were sent while the ban held",
      );
      assert.ok(Math.min(...received) >= until - BLUR, "none passed before its end");
      const due = sent[BANNED]!.filter((stamp) => stamp > until + BLUR).length;
      assert.ok(received.length >= due, `all passed from its end on: ${due} were sent, ${received.length} came`);
      t.diagnostic(`the first to pass was sent ${(Math.min(...received) - until) / 100} s after the end of the ban`);
    });
  }
});

/** Prefixes that hold nobody of the lab. */
async function banOthers(stateDirectory: string): Promise<void> {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const random = new Random(7);
  const store = new BanStore(stateDirectory);
  await store.rewriteIfDue();
  const order = { uid: 0, added: new Date().toISOString(), until: 0 };
  while (store.size < OTHERS)
    await store.add(
      order,
      Array.from({ length: Math.min(MOST_NETWORKS, OTHERS - store.size) }, () => somebody(random)),
    );
}

function somebody(random: Random): Network {
  const address = new Uint8Array(16);
  address.set([0xff, 0xff, 20 + random.below(150), random.below(256), random.below(256), random.below(256)], 10);
  const length = 120 + random.below(9);
  return { family: 4, address: maskTo(address, length), length };
}

function untilOf(journal: string): number {
  const head = readFileSync(journal, "utf8")
    .split("\n")
    .findLast((line) => line.startsWith('{"order"'));
  return (JSON.parse(head!) as { until: number }).until;
}
