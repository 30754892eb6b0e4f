/** Formatters and the linter decide what needs no opinion. */

import { execFileSync, spawnSync } from "node:child_process";
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { requires, tool } from "../harness/require.ts";

const CHECKOUT = join(import.meta.dirname, "../..");
const BIOME = join(CHECKOUT, "node_modules/.bin/biome");

test("TypeScript and JSON are as the formatter writes them, and the linter finds nothing", () => {
  const { status, stdout, stderr } = spawnSync(BIOME, ["ci", "--error-on-warnings", "."], { cwd: CHECKOUT, encoding: "utf8" });
  assert.equal(status, 0, `run: npm run format\n${stdout}${stderr}`);
});

test("C is as the formatter writes it", requires(tool("clang-format", "clang-format")), () => {
  const files = globSync("probes/**/*.{c,h}", { cwd: CHECKOUT, exclude: ["probes/build/**"] });
  assert.ok(files.length > 50, `${files.length} files`);
  execFileSync("clang-format", ["--dry-run", "--Werror", ...files], { cwd: CHECKOUT, encoding: "utf8" });
});
