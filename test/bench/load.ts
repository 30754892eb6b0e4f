/** How long a rule set takes from parsed rules to being in force, beside nft, which reads an interval set of the same size. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { RuleText } from "../conformance/policy.ts";
import { Random } from "../harness/random.ts";
import { PROFILES } from "../harness/rule-sets.ts";
import type { Benchmark, Figure, Goal } from "./figure.ts";
import type { Load } from "./load-child.ts";

const SEED = 7;
const CHILD = join(import.meta.dirname, "load-child.ts");
const ROUNDS_A_PROCESS = 3;
const GOAL: Goal = { bound: "at most", value: 1.5, for: "100000 rules" };

export const load: Benchmark = {
  name: "load",
  async measure({ ruleCounts, rounds }) {
    const count = ruleCounts.at(-1)!;
    const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
    try {
      const file = join(folder, "set.nft");
      writeFileSync(file, intervalSet(PROFILES["access list"](new Random(SEED), count)));
      const loads: Load[] = [];
      let nft = Infinity;
      for (let round = 0; round < Math.ceil(rounds / ROUNDS_A_PROCESS); round++) {
        loads.push(JSON.parse(execFileSync(process.execPath, [CHILD, ...[count, SEED, ROUNDS_A_PROCESS].map(String)], { encoding: "utf8" })) as Load);
        nft = Math.min(nft, secondsOfNft(file));
      }
      return figuresOf(count, loads, nft);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

function figuresOf(count: number, loads: readonly Load[], nft: number): Figure[] {
  const seconds = Math.min(...loads.map((one) => one.seconds));
  const name = `load ${count} rules`;
  return [
    { name: `${name}: compile and install, over nft -f of an interval set`, value: seconds / nft, unit: "x", goal: GOAL, note: `${seconds.toFixed(2)} s, nft ${nft.toFixed(2)} s` },
    { name: `${name}: peak RSS of a process that does it again and again`, value: Math.max(...loads.map(({ peakMB }) => peakMB)), unit: "MB" },
    { name: `${name}: tables in the kernel, both copies`, value: loads[0]!.tableMB, unit: "MB" },
  ];
}

function secondsOfNft(file: string): number {
  const began = performance.now();
  execFileSync("nft", ["-f", file]);
  const seconds = (performance.now() - began) / 1000;
  execFileSync("nft", ["delete", "table", "inet", "bench"]);
  return seconds;
}

/** The same sources, destinations, protocols and ports as elements of one set, which may not overlap: where a rule says nothing, one value stands for all. */
function intervalSet(rules: readonly RuleText[]): string {
  const elements = rules.map(({ layer3, layer4 }, number) =>
    [layer3?.source?.[0] ?? hostOf(number), layer3?.destination?.[0] ?? hostOf(number), layer4!.protocol, layer4!.destination_ports?.[0] ?? number % 65_536].join(" . "),
  );
  const set = "type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval;";
  return `table inet bench {\n set rules { ${set} elements = {\n${[...new Set(elements)].join(",\n")}\n} }\n}\n`;
}

function hostOf(number: number): string {
  return `198.${18 + (number >> 16)}.${(number >> 8) & 0xff}.${number & 0xff}`;
}
