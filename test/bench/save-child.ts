/** Watches a file, saves rules there, and answers how long it took until they were in force, and how long nothing else could run meanwhile. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";

import { withDynamic } from "../../agent/enforce/dynamic/check.ts";
import { systemClock } from "../../agent/enforce/dynamic/clock.ts";
import { clearRules } from "../../agent/observe/events/counters.ts";
import { tablesOf } from "../../agent/enforce/enforcement.ts";
import { Growth } from "../../agent/enforce/growth.ts";
import { DataPlane } from "../../agent/kernel/dataplane.ts";
import { LoadThread } from "../../agent/enforce/load-thread.ts";
import { RuleBook } from "../../agent/enforce/rulebook.ts";
import { CAPACITIES } from "../../agent/policy/capacity.ts";
import { Installer } from "../../agent/enforce/install.ts";
import { readSettings } from "../../config/settings.ts";
import { timesOf, watchConfig } from "../../agent/files/watch.ts";
import { Random } from "../harness/random.ts";
import { PROFILES } from "../harness/rule-sets.ts";

export interface Save {
  seconds: number;
  /** The longest time that an event waited. */
  stallMs: number;
  /** The longest time that this thread itself computed between two events, whoever else had the processor. */
  busyMs: number;
  peakMB: number;
}

const [format, count, seed] = process.argv.slice(2) as ["json" | "yaml", string, string];
const rules = PROFILES["access list"](new Random(Number(seed)), Number(count));
const text =
  format === "json"
    ? JSON.stringify({ version: 1, rules })
    : ["version: 1", "rules:", ...rules.map((rule) => `  - ${JSON.stringify(rule)}`)].join("\n");

const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
const path = join(folder, `weir.${format}`);
writeFileSync(path, "version: 1\n");
const plane = new DataPlane({ capacity: CAPACITIES[0]! }); // they grow, as those of an agent with few rules
const installer = new Installer(tablesOf(plane, () => Promise.resolve())); // no packet meets these rules
const growth = new Growth(plane, (sentence) => reject(new Error(sentence)));
growth.start({ exchange: async () => {} }); // there are no interfaces
const book = new RuleBook({
  capacity: CAPACITIES[0]!,
  installer,
  sessions: () => [],
  clearCounters: (slots) => clearRules(new DataView(plane.map("rule_counters").mmap()), slots),
  grow: (capacity) => growth.rules(capacity),
});
const delay = monitorEventLoopDelay({ resolution: 1 });
const { promise, resolve, reject } = Promise.withResolvers<number>();

const watch = watchConfig(path, await timesOf(path), async () => {
  try {
    await using thread = new LoadThread();
    const settings = await readSettings({ config: path }, thread.load);
    const written = withDynamic(settings, [], systemClock());
    await book.install(await book.compile(written.source, thread), written);
    resolve(performance.now());
  } catch (error) {
    reject(error as Error);
  }
});
await watch.ready;
writeFileSync(path, text);
let [busyMs, computed] = [0, Infinity];
const turns = setInterval(() => {
  const { user, system } = process.threadCpuUsage();
  busyMs = Math.max(busyMs, (user + system) / 1000 - computed);
  computed = (user + system) / 1000;
}, 1);
delay.enable();
const began = performance.now();
const save: Save = {
  seconds: ((await promise) - began) / 1000,
  stallMs: delay.max / 1e6,
  busyMs,
  peakMB: (process.resourceUsage().maxRSS * 1024) / 1e6,
};
clearInterval(turns);
watch.close();
installer.close();
plane.close();
rmSync(folder, { recursive: true });
console.log(JSON.stringify(save));
