/** Watches the file of a set, puts a list in its place, and answers how long it took until it was in force, and how long nothing else could run meanwhile. */

import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";

import { Growth } from "../../agent/enforce/growth.ts";
import { DataPlane } from "../../agent/kernel/dataplane.ts";
import { networkMemoryOf } from "../../agent/enforce/networks/memory.ts";
import { NetworkTable } from "../../agent/enforce/networks/table.ts";
import { CAPACITIES } from "../../agent/policy/capacity.ts";
import { SetOperations } from "../../agent/service/set-operations.ts";
import { SetKeeper } from "../../agent/enforce/sets/keeper.ts";
import { SetLibrary } from "../../agent/enforce/sets/library.ts";
import { readListAside } from "../../agent/enforce/sets/list-thread.ts";

export interface Listing {
  seconds: number;
  /** The longest time that an event waited. */
  stallMs: number;
  /** Of the process: what it keeps, and the most it had. */
  moreMB: number;
  peakMB: number;
  tableMB: number;
}

const [list] = process.argv.slice(2) as [string];
const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
const file = join(folder, "feed.txt");
writeFileSync(file, "192.0.2.1\n");
const sets = { feed: { file } };

const plane = new DataPlane({ capacity: CAPACITIES[0]! });
const growth = new Growth(plane, (sentence) => {
  throw new Error(sentence);
});
growth.start({ exchange: async () => {} }); // there are no interfaces
const memory = networkMemoryOf(
  (name) => plane.map(name),
  "set",
  (...wanted) => growth.lines("set", ...wanted),
);
const library = new SetLibrary({ stateDirectory: folder, read: readListAside });
const keeper = new SetKeeper(new NetworkTable(memory), () => Promise.resolve());
await (await keeper.prepare(await library.open(sets), { feed: 0 }, 0)).finish();

const { promise, resolve, reject } = Promise.withResolvers<number>();
const operations = new SetOperations({
  sets: keeper,
  library,
  config: () => ({ sets }),
  refresh: async () => {},
  inTurn: (change) => change(),
  audit: { action: async () => true },
  telemetry: { changed: () => resolve(performance.now()) },
  say: (level, sentence) => level === "info" || reject(new Error(sentence)),
});
const stay = setInterval(() => {}, 1000); // watching keeps no process alive
writeFileSync(`${file}.new`, readFileSync(list));
const delay = monitorEventLoopDelay({ resolution: 1 });
const before = process.memoryUsage.rss();
delay.enable();
const began = performance.now();
renameSync(`${file}.new`, file);
const ended = await promise;
const listing: Listing = {
  seconds: (ended - began) / 1000,
  stallMs: delay.max / 1e6,
  moreMB: (process.memoryUsage.rss() - before) / 1e6,
  peakMB: (process.resourceUsage().maxRSS * 1024) / 1e6,
  tableMB: ["set_lines", "set_prefixes"].reduce((sum, name) => sum + plane.map(name).memory(), 0) / 1e6,
};
clearInterval(stay);
operations.close();
plane.close();
rmSync(folder, { recursive: true });
console.log(JSON.stringify(listing));
