/** Imports point one way. Only the files directly in agent/ put parts together, and may know everyone. */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "..");

/** What each part may import beside itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  config: [],
  "agent/generated": [],
  "agent/kernel": ["agent/generated"],
  "agent/enrich": ["agent/generated", "agent/events"],
  "agent/events": ["config", "agent/generated", "agent/kernel"],
  "agent/rules": ["config", "agent/generated", "agent/events"],
  "agent/networks": ["config", "agent/generated", "agent/kernel", "agent/dynamic"],
  "agent/bans": ["config", "agent/generated", "agent/kernel", "agent/dynamic", "agent/networks"],
  "agent/sets": ["config", "agent/generated", "agent/dynamic", "agent/networks", "agent/rules"],
  "agent/flows": ["config", "agent/generated", "agent/kernel", "agent/events"],
  "agent/sockets": ["config", "agent/generated", "agent/kernel", "agent/enrich", "agent/events", "agent/flows"],
  "agent/statistics": ["config", "agent/generated", "agent/kernel", "agent/events", "agent/flows"],
  "agent/processes": ["config", "agent/generated", "agent/kernel", "agent/events", "agent/rules"],
  "agent/interfaces": ["config", "agent/generated", "agent/kernel", "agent/events", "agent/rules"],
  "agent/explain": ["config", "agent/generated", "agent/kernel", "agent/interfaces", "agent/events", "agent/rules", "agent/networks", "agent/sets"],
  "agent/policy-test": ["config", "agent/events", "agent/rules", "agent/explain"],
  otel: ["config", "agent/events"],
  audit: ["config", "agent/events"],
  collector: ["otel"],
  "agent/dynamic": ["config", "agent/rules", "agent"],
  "agent/control": ["config", "agent/kernel", "agent/interfaces", "agent/processes", "agent/events", "agent/rules", "agent/flows", "agent/sockets", "agent/statistics", "agent/explain", "agent/policy-test", "otel", "audit", "agent"],
};

function partOf(file: string): string {
  const folders = dirname(file).split("/");
  return folders[0] === "agent" ? folders.slice(0, 2).join("/") : (folders[0] ?? "");
}

test("imports point one way", () => {
  const wrong: string[] = [];
  const files = globSync("{agent,audit,collector,config,otel}/**/*.ts", { cwd: ROOT });
  assert.ok(files.length > 100, `${files.length} files`);
  for (const file of files) {
    const part = partOf(file);
    const allowed = MAY_IMPORT[part];
    if (allowed === undefined) {
      assert.equal(part, "agent", `${file} is in a folder that this test does not know`);
      continue;
    }
    for (const [, path] of readFileSync(join(ROOT, file), "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)) {
      const target = partOf(relative(ROOT, join(ROOT, dirname(file), path!)));
      if (target !== part && target !== "." && !allowed.includes(target)) wrong.push(`${file} imports ${path}`);
    }
  }
  assert.deepEqual(wrong, []);
});
