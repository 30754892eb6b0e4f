import assert from "node:assert/strict";
import { test } from "node:test";
import { runKernel, tally } from "./run-kernel.ts";
import { all, here, QUICK } from "./suites.ts";

test("the quick part names files that are there", () => {
  assert.deepEqual(
    QUICK.filter((file) => !all.includes(file)),
    [],
  );
});

test("a failure inside is seen outside", here, async () => {
  const { pass, fail, failed } = await runKernel({ version: "6.1", files: ["test/kernels/inside.ts", "test/kernels/always-fails.ts"] });
  assert.deepEqual({ pass, fail }, { pass: 2, fail: 1 });
  assert.ok(failed.includes("a test that fails"));
});

test("a guest that counted nothing is no success", () => {
  assert.equal(tally("noise\n# tests 2\n# pass 2\n# fail 0\n").pass, 2);
  assert.throws(() => tally("# tests 0\n# pass 0\n# fail 0\n"), /ran no test, or not to the end/);
  assert.throws(() => tally("Kernel panic - not syncing\n"), /ran no test, or not to the end/);
});
