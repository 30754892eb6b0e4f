import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { VERSION } from "../../agent/values/version.ts";
import { forOthers } from "./for-others.ts";
import { requires, root } from "./require.ts";

const OTHER = { uid: 65534, gid: 65534, encoding: "utf8" as const };

test("another user runs weir and Node.js from the copy, whoever may enter the checkout", requires(root()), () => {
  const { node, weir } = forOthers();
  assert.equal(spawnSync(weir, ["--version"], OTHER).stdout, `weir ${VERSION}\n`);
  assert.equal(spawnSync(node, ["-p", "process.getuid()"], OTHER).stdout, "65534\n");
});

test("the copy cannot be written by the other user, who cannot run what lies in a closed folder", requires(root()), (t) => {
  const { folder, weir } = forOthers();
  for (const path of [folder, weir]) assert.equal(spawnSync("test", ["-w", path], OTHER).status, 1, path);

  const closed = mkdtempSync(join(tmpdir(), "weir-closed-"));
  t.after(() => rmSync(closed, { recursive: true }));
  const copy = join(closed, "weir");
  assert.equal(spawnSync("cp", ["-r", join(folder, "agent"), copy]).status, 0);
  assert.equal((spawnSync(join(copy, "weir"), ["--version"], OTHER).error as NodeJS.ErrnoException).code, "EACCES");
  chmodSync(closed, 0o755);
  assert.equal(spawnSync(join(copy, "weir"), ["--version"], OTHER).error, undefined);
});
