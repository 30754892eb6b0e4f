/** Compiles and installs a rule set again and again, in a process that does nothing else, and answers what it took. */

import { LARGEST } from "../../agent/policy/capacity.ts";
import { KernelJudge } from "../conformance/kernel-judge.ts";
import { policyOf } from "../conformance/policy.ts";
import { Random } from "../harness/random.ts";
import { PROFILES } from "../harness/rule-sets.ts";

export interface Load {
  seconds: number;
  /** Of the process, with the parsed rules. */
  peakMB: number;
  /** Both copies of the tables that hold rules. */
  tableMB: number;
}

/** What holds rules, and nothing else. */
const TABLES = ["cells", "rules", "policies"];

const [count, seed, rounds] = process.argv.slice(2).map(Number) as [number, number, number];
const judge = new KernelJudge(new Map(), LARGEST);
const policy = policyOf({ rules: PROFILES["access list"](new Random(seed), count) });
let seconds = Infinity;
for (let round = 0; round < rounds; round++) {
  const began = performance.now();
  await judge.start(policy);
  seconds = Math.min(seconds, (performance.now() - began) / 1000);
}
const load: Load = {
  seconds,
  peakMB: (process.resourceUsage().maxRSS * 1024) / 1e6,
  tableMB: TABLES.reduce((sum, name) => sum + judge.plane.map(name).memory(), 0) / 1e6,
};
judge.close();
console.log(JSON.stringify(load));
