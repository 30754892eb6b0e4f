import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { requires, root, tool } from "../harness/require.ts";
import { missingForKernels } from "./debian-kernel.ts";
import { runKernel, tally } from "./run-kernel.ts";

/** What has to hold on every kernel. Add suites here. */
const SUITES = ["test/kernels/inside.ts", "test/kernel/*.test.ts", "test/conformance/kernel.test.ts"];

/** What the kernel has no part in. */
const ELSEWHERE = ["test/kernel/layout.test.ts"];

const here = requires(
  root(),
  missingForKernels(),
  tool("qemu-system-x86_64", "qemu-system-x86"),
  tool("cpio", "cpio"),
  tool("busybox", "busybox-static"),
  tool("clang", "clang"),
  tool("nft", "nftables"),
);

const files = globSync(SUITES, { cwd: join(import.meta.dirname, "../.."), exclude: ELSEWHERE }).sort();

for (const version of ["6.1", "6.12"] as const) {
  test(`the kernel suites pass on Linux ${version}`, here, async (context) => {
    const { tests, pass, fail, skipped, failed, output } = await runKernel({ version, files });
    context.diagnostic(`${tests} tests, ${pass} passed, ${skipped} skipped`);
    assert.equal(fail, 0, `failed on ${version}: ${failed.join("; ")}\n${output}`);
    assert.ok(pass > 0);
  });
}

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
