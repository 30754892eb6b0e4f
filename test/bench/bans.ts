/**
 * What a packet costs more with a million bans than with ten, whether its address is banned or not, and how long so many
 * take to be banned one request after the other, tables growing with them, and to be read again at a start.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { enforceBans } from "../../agent/enforce/bans/memory.ts";
import { BanStore } from "../../agent/enforce/bans/store.ts";
import { Growth } from "../../agent/enforce/growth.ts";
import { MOST_NETWORKS } from "../../agent/service/requests/networks.ts";
import { CAPACITIES } from "../../agent/policy/capacity.ts";
import { KernelJudge } from "../conformance/kernel-judge.ts";
import { policyOf } from "../conformance/policy.ts";
import { Random } from "../harness/random.ts";
import { Pair } from "./device.ts";
import type { Benchmark, Scale } from "./figure.ts";
import { anyNetworks, costOver, FEW, type PacketCost, packetCost } from "./networks.ts";

const SEED = 7;

interface Cost extends PacketCost {
  addSeconds: number;
  startSeconds: number;
}

export const bans: Benchmark = {
  name: "bans",
  async measure(scale) {
    using pair = new Pair();
    const few = await measureWith(FEW, pair, scale);
    const many = await measureWith(scale.bans, pair, scale);
    return [
      costOver(few, many, scale.bans, "bans", "hit", "a banned address"),
      costOver(few, many, scale.bans, "bans", "miss", "another address"),
      { name: `${scale.bans} bans: banned in`, value: many.addSeconds, unit: "s" },
      { name: `${scale.bans} bans: read and in force at a start in`, value: many.startSeconds, unit: "s" },
    ];
  },
};

async function measureWith(count: number, pair: Pair, scale: Scale): Promise<Cost> {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-bans-"));
  const judge = new KernelJudge(new Map([["near", pair.near.ifindex]]), CAPACITIES[0]!);
  try {
    await judge.start(policyOf({ mode: "prevent", defaults: { action: "block" }, failsafe: { management_ports: [] } }));
    const random = new Random(SEED);
    const networks = anyNetworks(count, random);
    const store = new BanStore(folder);
    await store.rewriteIfDue();
    const growth = new Growth(judge.plane, (sentence) => {
      throw new Error(sentence);
    });
    growth.start({ exchange: async () => {} }); // there are no interfaces
    const keeper = enforceBans(store, judge.plane, [], (...wanted) => growth.lines("ban", ...wanted));
    const addSeconds = await secondsOf(async () => {
      for (let from = 0; from < count; from += MOST_NETWORKS) {
        const some = networks.slice(from, from + MOST_NETWORKS);
        await keeper.makeRoom(some.length);
        await keeper.add(some, { uid: 0, added: new Date().toISOString(), until: 0 });
      }
    });
    const startSeconds = await secondsOf(() => enforceBans(new BanStore(folder), judge.plane, []));
    return { ...packetCost(judge.plane.program("weir_tc_ingress"), pair.near.ifindex, networks, random, scale), addSeconds, startSeconds };
  } finally {
    judge.close();
    rmSync(folder, { recursive: true });
  }
}

async function secondsOf(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
