/** What has to hold on every kernel, in an emulated machine. Each version has a test file of its own, so that they run side by side. */

import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { requires, root, tool } from "../harness/require.ts";
import { missingForKernels, type Version } from "./debian-kernel.ts";
import { runKernel } from "./run-kernel.ts";

/** Everything that has to hold on every kernel: `npm run test:long` runs it. */
const ALL = ["test/kernels/inside.ts", "test/kernel/*.test.ts", "test/conformance/kernel.test.ts"];

/** The kernel has no part in these. */
const ELSEWHERE = ["test/kernel/layout.test.ts"];

/** The part that fits into five minutes of an emulated processor: programs load and attach, events arrive, and verdicts agree. */
export const QUICK = [
  "test/kernels/inside.ts",
  "test/kernel/attach.test.ts",
  "test/kernel/bypass.test.ts",
  "test/kernel/calls.test.ts",
  "test/kernel/cgroups.test.ts",
  "test/kernel/control-block.test.ts",
  "test/kernel/drops.test.ts",
  "test/kernel/features.test.ts",
  "test/kernel/maps.test.ts",
  "test/kernel/netlink.test.ts",
  "test/kernel/objects.test.ts",
  "test/kernel/other-end.test.ts",
  "test/kernel/ring.test.ts",
  "test/kernel/socket-events.test.ts",
  "test/kernel/system.test.ts",
  "test/kernel/trace.test.ts",
  "test/kernel/verified.test.ts",
  "test/conformance/kernel.test.ts",
];

/** The quick run judges one conformance case in so many. */
const SHARE = 20;

const LONG = process.env["WEIR_LONG"] === "1";

export const here = requires(
  root(),
  missingForKernels(),
  tool("qemu-system-x86_64", "qemu-system-x86"),
  tool("cpio", "cpio"),
  tool("busybox", "busybox-static"),
  tool("clang", "clang"),
  tool("nft", "nftables"),
);

export const all = globSync(ALL, { cwd: join(import.meta.dirname, "../.."), exclude: ELSEWHERE }).sort();
const run = LONG ? { files: all, limit: 3600 } : { files: QUICK, share: SHARE };

/** The kernel suites on this version of Linux. */
export function testOn(version: Version): void {
  test(`the kernel suites pass on Linux ${version}`, here, async (context) => {
    const { tests, pass, fail, skipped, failed, output } = await runKernel({ version, ...run });
    if (!LONG)
      context.diagnostic(
        `left to npm run test:long: ${all.filter((file) => !QUICK.includes(file)).join(", ")}, and ${SHARE - 1} of ${SHARE} conformance cases`,
      );
    context.diagnostic(`${tests} tests, ${pass} passed, ${skipped} skipped`);
    assert.equal(fail, 0, `failed on ${version}: ${failed.join("; ")}\n${output}`);
    assert.ok(pass > 0);
  });
}
