/** Run by abuse.test.ts in a process of its own: loads a file and prints what that cost beyond a small valid one. */

import { argv, cpuUsage, memoryUsage, resourceUsage, stdout } from "node:process";
import { formatProblem, loadConfig } from "../../config/load.ts";

const [, , valid, path] = argv as [string, string, string, string];
await loadConfig(valid);
const rssBefore = memoryUsage.rss();
const cpuBefore = cpuUsage();
const loaded = await loadConfig(path);
const { user, system } = cpuUsage(cpuBefore);

stdout.write(
  JSON.stringify({
    accepted: loaded.ok,
    problems: loaded.ok ? [] : loaded.problems.map(formatProblem),
    cpuMs: (user + system) / 1000,
    // maxRSS is the peak in kB, so that what was freed on the way counts too.
    megabytes: (resourceUsage().maxRSS * 1024 - rssBefore) / 1e6,
  }),
);
