/**
 * What a packet costs more with a set of a million members than with one of ten, whether its address is in it or not, and
 * how long a list of so many takes from its file into force, with what events wait for meanwhile.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { linesFor } from "../../agent/enforce/networks/memory.ts";
import { CAPACITIES } from "../../agent/policy/capacity.ts";
import { formatNetwork } from "../../agent/values/address.ts";
import { KernelJudge } from "../conformance/kernel-judge.ts";
import { policyOf } from "../conformance/policy.ts";
import { Random } from "../harness/random.ts";
import { Pair } from "./device.ts";
import type { Benchmark, Scale } from "./figure.ts";
import { anyNetworks, costOver, FEW, type PacketCost, packetCost } from "./networks.ts";
import type { Listing } from "./sets-child.ts";

const SEED = 7;
const LONGEST_STALL_MS = 50;

export const sets: Benchmark = {
  name: "sets",
  async measure(scale) {
    const folder = mkdtempSync(join(tmpdir(), "weir-bench-sets-"));
    try {
      using pair = new Pair();
      const few = await measureWith(FEW, folder, pair, scale);
      const many = await measureWith(scale.bans, folder, pair, scale);
      const listing = JSON.parse(
        execFileSync(process.execPath, [join(import.meta.dirname, "sets-child.ts"), feedIn(folder)], { encoding: "utf8" }),
      ) as Listing;
      const name = `a set of ${scale.bans} from a file`;
      return [
        costOver(few, many, scale.bans, "members", "hit", "an address of the set"),
        costOver(few, many, scale.bans, "members", "miss", "another address"),
        { name: `${name}: until in force`, value: listing.seconds, unit: "s" },
        {
          name: `${name}: longest wait of an event`,
          value: listing.stallMs,
          unit: "ms",
          goal: { bound: "at most", value: LONGEST_STALL_MS, for: "1000000 members" },
        },
        { name: `${name}: more RSS than before`, value: listing.moreMB, unit: "MB", note: `${listing.peakMB.toFixed(0)} MB at the peak` },
        { name: `${name}: tables in the kernel`, value: listing.tableMB, unit: "MB" },
      ];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

async function measureWith(count: number, folder: string, pair: Pair, scale: Scale): Promise<PacketCost> {
  const random = new Random(SEED);
  const networks = anyNetworks(count, random);
  writeFileSync(feedIn(folder), networks.map(formatNetwork).join("\n"));
  const judge = new KernelJudge(new Map([["near", pair.near.ifindex]]), { ...CAPACITIES[0]!, setLines: linesFor(count) });
  try {
    await judge.start(
      policyOf({
        mode: "prevent",
        defaults: { action: "block" },
        failsafe: { management_ports: [] },
        sets: { feed: { file: feedIn(folder) } },
        rules: [{ name: "feed", action: "block", enforce: true, layer3: { source: ["@feed"] } }],
      }),
    );
    return packetCost(judge.plane.program("weir_tc_ingress"), pair.near.ifindex, networks, random, scale);
  } finally {
    judge.close();
  }
}

function feedIn(folder: string): string {
  return join(folder, "feed.txt");
}
