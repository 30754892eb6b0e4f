/** Which mode holds, and what becomes of a command that the disk refuses. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { ModeKeeper } from "../../agent/enforce/mode.ts";

const directory = mkdtempSync(join(tmpdir(), "weir-mode-"));
const blocked = join(directory, "mode.json.new");
after(() => rmSync(directory, { recursive: true }));

test("a mode that was commanded holds until the file's own mode changes, also over a restart", async () => {
  await new ModeKeeper(directory).command("prevent", "detect");
  const { trouble } = new ModeKeeper(directory);
  assert.deepEqual(
    [new ModeKeeper(directory).resolve("detect"), new ModeKeeper(directory).resolve("prevent"), trouble],
    ["prevent", "prevent", []],
  );
  await new ModeKeeper(directory).command("detect", "prevent");
  assert.equal(new ModeKeeper(directory).resolve("prevent"), "detect");
});

test("a command of prevent that the disk refuses does not hold, and one of detect does", async () => {
  rmSync(join(directory, "mode.json"));
  const keeper = new ModeKeeper(directory);
  mkdirSync(blocked);
  await assert.rejects(keeper.command("prevent", "detect"));
  assert.equal(keeper.resolve("detect"), "detect", "no later change of rules switches to prevent");
  assert.match(keeper.trouble.join(), /the mode of the file holds, and no mode set by command can be kept: .*mode\.json cannot be written/);
  await assert.rejects(keeper.command("detect", "prevent"));
  assert.equal(keeper.resolve("prevent"), "detect");
  assert.match(keeper.trouble.join(), /the mode detect holds, but a restart would forget it/);
  rmSync(blocked, { recursive: true });
  await keeper.command("prevent", "detect");
  assert.deepEqual([keeper.resolve("detect"), keeper.trouble], ["prevent", []]);
});
