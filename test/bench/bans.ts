/**
 * What a packet costs more with a million bans than with ten, whether its address is banned or not, and how long so many
 * take to be banned one request after the other, tables growing with them, and to be read again at a start. Half are addresses, the others prefixes from /24 on.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { enforceBans } from "../../agent/bans/memory.ts";
import { BanStore } from "../../agent/bans/store.ts";
import { Growth } from "../../agent/growth.ts";
import { MOST_NETWORKS } from "../../agent/control/contract.ts";
import { CAPACITIES } from "../../agent/rules/capacity.ts";
import { formatAddress, maskTo, type Network, parseAddress } from "../../config/address.ts";
import { KernelJudge } from "../conformance/kernel-judge.ts";
import { policyOf } from "../conformance/policy.ts";
import { Ethernet, frame, IPv4, UDP } from "../harness/packet.ts";
import { Random } from "../harness/random.ts";
import { Pair } from "./device.ts";
import type { Benchmark, Figure, Scale } from "./figure.ts";

const SEED = 7;
const FEW = 10;
const TC_DROP = 2;
const GOAL = { bound: "at most", value: 120 } as const;

interface Cost {
  hit: number;
  miss: number;
  addSeconds: number;
  startSeconds: number;
}

export const bans: Benchmark = {
  name: "bans",
  async measure(scale) {
    using pair = new Pair();
    const few = await measureWith(FEW, pair, scale);
    const many = await measureWith(scale.bans, pair, scale);
    const over = (kind: "hit" | "miss", what: string): Figure => ({
      name: `${scale.bans} bans: ${what}, over ${FEW} bans`, value: many[kind] - few[kind], unit: "ns", goal: { ...GOAL, for: "1000000 bans" }, note: `${many[kind].toFixed(0)} of ${few[kind].toFixed(0)} ns a packet`,
    });
    return [
      over("hit", "a banned address"),
      over("miss", "another address"),
      { name: `${scale.bans} bans: banned in`, value: many.addSeconds, unit: "s" },
      { name: `${scale.bans} bans: read and in force at a start in`, value: many.startSeconds, unit: "s" },
    ];
  },
};

async function measureWith(count: number, pair: Pair, { packets, repeat }: Scale): Promise<Cost> {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-bans-"));
  const judge = new KernelJudge(new Map([["near", pair.near.ifindex]]), CAPACITIES[0]!);
  try {
    // All is dropped, so that no packet leaves a flow.
    await judge.start(policyOf({ mode: "prevent", defaults: { action: "block" }, failsafe: { management_ports: [] } }));
    const random = new Random(SEED);
    const networks = Array.from({ length: count }, () => anyNetwork(random));
    const store = new BanStore(folder);
    await store.rewriteIfDue();
    const growth = new Growth(judge.plane, () => ({ exchange: async () => {} }), (sentence) => { throw new Error(sentence); });
    const keeper = enforceBans(store, judge.plane, [], (...wanted) => growth.lines("ban", ...wanted));
    const addSeconds = await secondsOf(async () => {
      for (let from = 0; from < count; from += MOST_NETWORKS) {
        const some = networks.slice(from, from + MOST_NETWORKS);
        await keeper.makeRoom(some.length);
        keeper.add(some, { uid: 0, added: new Date().toISOString(), until: 0 });
      }
    });
    const startSeconds = await secondsOf(() => enforceBans(new BanStore(folder), judge.plane, []));
    const program = judge.plane.program("weir_tc_ingress");
    const mean = (sources: readonly string[]): number => {
      let sum = 0;
      for (const src of sources) {
        const data = frame(Ethernet(), IPv4({ src }), UDP({ sport: 1, dport: 9 }));
        const runs = Array.from({ length: 3 }, () => program.testRun({ data, ifindex: pair.near.ifindex, repeat: Math.ceil(repeat / 100) }));
        if (runs.some(({ retval }) => retval !== TC_DROP)) throw new Error(`a packet of ${src} passes where all is dropped`);
        sum += Math.min(...runs.map(({ duration }) => duration));
      }
      return sum / sources.length;
    };
    const hits = Array.from({ length: packets }, () => formatAddress(random.pick(networks).address));
    const misses: string[] = [];
    while (misses.length < packets) {
      const { address } = anyNetwork(random);
      if (keeper.covering({ family: 4, address, length: 128 }).length === 0) misses.push(formatAddress(address));
    }
    return { hit: mean(hits), miss: mean(misses), addSeconds, startSeconds };
  } finally {
    judge.close();
    rmSync(folder, { recursive: true });
  }
}

/** Of public addresses, so that no failsafe is met. */
function anyNetwork(random: Random): Network {
  const { bytes } = parseAddress(`${1 + random.below(126)}.${random.below(256)}.${random.below(256)}.${random.below(256)}`);
  const length = random.oneIn(2) ? 128 : 120 + random.below(8);
  return { family: 4, address: maskTo(bytes, length), length };
}

async function secondsOf(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
