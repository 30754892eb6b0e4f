/** The set-up installs what tests ask for, so that none is left out on a machine that has nothing. */

import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

const CHECKOUT = join(import.meta.dirname, "../..");
/** On every Debian, or there before weir is. `cc` comes with clang, too. */
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
