/** The set-up installs every tool that a test asks for, so that no test is skipped on a bare machine. */

import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

const CHECKOUT = join(import.meta.dirname, "../..");
/** Every Debian has these packages, but for npm, which comes before weir, and gcc: clang brings a `cc`, too. */
const ALWAYS = ["bsdutils", "dash", "e2fsprogs", "gcc", "npm", "perl-base", "util-linux"];

test("every package that a test asks for is on a list of the set-up", async () => {
  const setUp = await readFile(join(CHECKOUT, "agent/setup/setup.sh"), "utf8");
  const lists = [...setUp.matchAll(/^(?:agent|test)_packages='([^']+)'/gm)].map(([, list]) => list);
  const installed = new Set([...lists.join(" ").matchAll(/(\S+):\//g)].map(([, name]) => name));
  assert.ok(installed.size > 15, [...installed].join());
  const missing = new Set<string>();
  for (const file of globSync("test/**/*.ts", { cwd: CHECKOUT, exclude: ["test/harness/require.test.ts", "test/package/tools.test.ts"] })) {
    for (const [, name = ""] of (await readFile(join(CHECKOUT, file), "utf8")).matchAll(/\btool\("[^"]+", "([^"]+)"\)/g)) {
      if (!installed.has(name) && !ALWAYS.includes(name)) missing.add(`${name} (${file})`);
    }
  }
  assert.deepEqual([...missing], []);
});
