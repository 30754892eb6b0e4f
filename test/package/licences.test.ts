/** Which licence holds where is said the same way in every place that says it. */

import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

const CHECKOUT = join(import.meta.dirname, "../..");
const PROBES = globSync("**/*.{c,h,sh}", { cwd: join(CHECKOUT, "probes") }).sort();

test("package.json names the licences of both halves, and each has its text", async () => {
  const { license } = JSON.parse(await read("package.json")) as { license: string };
  assert.equal(license, "Apache-2.0 AND GPL-2.0-only");
  assert.match(await read("LICENSE"), /^\s+Apache License\s+Version 2\.0, January 2004/);
  assert.match(await read("probes/LICENSE"), /^\s+GNU GENERAL PUBLIC LICENSE\s+Version 2, June 1991/);
  assert.match(await read("README.md"), /GPL-2\.0 for `probes\/`, Apache-2\.0 for the rest/);
});

test("every file of the probes says that it is GPL-2.0", async () => {
  assert.ok(PROBES.length > 20);
  for (const name of PROBES)
    assert.match((await read(`probes/${name}`)).split("\n", 2).join("\n"), /SPDX-License-Identifier: GPL-2\.0\b/, name);
});

test("every program tells the kernel so, which offers some of its helpers to no other", async () => {
  for (const name of PROBES.filter((name) => name.endsWith(".bpf.c")))
    assert.match(await read(`probes/${name}`), /SEC\("license"\) = "GPL";/, name);
});

test("no file elsewhere says that it is GPL", async () => {
  const elsewhere = globSync("{agent,audit,collector,config,otel}/**/*", { cwd: CHECKOUT, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  assert.ok(elsewhere.length > 100);
  for (const { parentPath, name } of elsewhere)
    assert.doesNotMatch(await readFile(join(parentPath, name), "utf8"), /SPDX-License-Identifier: GPL/, join(parentPath, name));
});

function read(path: string): Promise<string> {
  return readFile(join(CHECKOUT, path), "utf8");
}
