/** Writes results in the Test Anything Protocol, version 14. */

import type { Report } from "./run.ts";

export function tap({ cases, unreached, kernelJudged, kernelSkipped }: Report): string[] {
  return [
    "TAP version 14",
    `1..${cases.length}`,
    ...cases.flatMap(({ name, where, ok, reasons }, index) => {
      const line = `${ok ? "ok" : "not ok"} ${index + 1} - ${name.replace(/[\\#]/g, "\\$&")}`;
      if (ok) return [line];
      // JSON is YAML, so it needs no quoting of its own.
      return [line, "  ---", `  at: ${JSON.stringify(where)}`, `  message: ${JSON.stringify(reasons.join("\n"))}`, "  ..."];
    }),
    ...unreached.map(({ name, source }) => `# no case reached the rule ${name} (${source})`),
    ...(kernelJudged === 0 ? [] : [`# the kernel judged ${kernelJudged} times`]),
    ...kernelSkipped.map((why) => `# the kernel was not asked: ${why}`),
  ];
}
