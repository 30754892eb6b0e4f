/**
 * How long a rule set takes from parsed rules to being in force, beside nft, which reads an interval set of the same
 * size; and from saving it in a file, with what events wait for meanwhile.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Benchmark, Figure, Goal } from "./figure.ts";
import type { Load } from "./load-child.ts";
import { SEED } from "./rivals/entries.ts";
import { nftRuleSet, nftTable } from "./rivals/netfilter.ts";
import type { Save } from "./save-child.ts";

const FORMATS = [
  { format: "json", goal: 3 },
  { format: "yaml", goal: 10 },
] as const;
/** The ring holds what arrives meanwhile. */
const LONGEST_STALL_MS = 50;
const ROUNDS_A_PROCESS = 3;
/** What the launcher gives the agent's Node.js: it decides how long a collection of garbage takes. */
const AS_AGENT = readFileSync(join(import.meta.dirname, "../../agent/weir"), "utf8").match(/--max-semi-space-size=\d+/g) ?? [];
const GOAL: Goal = { bound: "at most", value: 1.5, for: "100000 rules" };

export const load: Benchmark = {
  name: "load",
  async measure({ ruleCounts, rounds }) {
    const count = ruleCounts.at(-1)!;
    const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
    try {
      const file = join(folder, "set.nft");
      writeFileSync(file, nftTable("inet bench", [nftRuleSet(count)]));
      const loads: Load[] = [];
      let nft = Infinity;
      for (let round = 0; round < Math.ceil(rounds / ROUNDS_A_PROCESS); round++) {
        loads.push(answerOf<Load>([], "load-child.ts", count, SEED, ROUNDS_A_PROCESS));
        nft = Math.min(nft, secondsOfNft(file));
      }
      const saves = FORMATS.flatMap(({ format, goal }) =>
        saveFigures(
          count,
          format,
          goal,
          nft,
          Array.from({ length: Math.ceil(rounds / ROUNDS_A_PROCESS) }, () =>
            answerOf<Save>(AS_AGENT, "save-child.ts", format, count, SEED),
          ),
        ),
      );
      return [...figuresOf(count, loads, nft), ...saves];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

function figuresOf(count: number, loads: readonly Load[], nft: number): Figure[] {
  const seconds = Math.min(...loads.map((one) => one.seconds));
  const name = `load ${count} rules`;
  return [
    {
      name: `${name}: compile and install, over nft -f of an interval set`,
      value: seconds / nft,
      unit: "x",
      goal: GOAL,
      note: `${seconds.toFixed(2)} s, nft ${nft.toFixed(2)} s`,
    },
    {
      name: `${name}: peak RSS of a process that does it again and again`,
      value: Math.max(...loads.map(({ peakMB }) => peakMB)),
      unit: "MB",
    },
    { name: `${name}: tables in the kernel, both copies`, value: loads[0]!.tableMB, unit: "MB" },
  ];
}

function saveFigures(count: number, format: string, goal: number, nft: number, saves: readonly Save[]): Figure[] {
  const name = `save ${count} rules as ${format === "json" ? "JSON" : "YAML"}`;
  const seconds = Math.min(...saves.map((one) => one.seconds));
  const worst = saves.reduce((one, other) => (other.stallMs > one.stallMs ? other : one));
  const bound = { bound: "at most", for: "100000 rules" } as const;
  return [
    {
      name: `${name}: until in force`,
      value: seconds,
      unit: "s",
      goal: { ...bound, value: goal },
      note: `${(seconds / nft).toFixed(1)} times nft -f of an interval set`,
    },
    {
      name: `${name}: longest wait of an event`,
      value: worst.stallMs,
      unit: "ms",
      goal: { ...bound, value: LONGEST_STALL_MS },
      note: `the thread itself computed ${worst.busyMs.toFixed(0)} ms at most`,
    },
    { name: `${name}: peak RSS`, value: Math.max(...saves.map(({ peakMB }) => peakMB)), unit: "MB" },
  ];
}

function answerOf<T>(flags: readonly string[], child: string, ...words: (string | number)[]): T {
  return JSON.parse(
    execFileSync(process.execPath, [...flags, join(import.meta.dirname, child), ...words.map(String)], { encoding: "utf8" }),
  ) as T;
}

function secondsOfNft(file: string): number {
  const began = performance.now();
  execFileSync("nft", ["-f", file]);
  const seconds = (performance.now() - began) / 1000;
  execFileSync("nft", ["delete", "table", "inet", "bench"]);
  return seconds;
}
