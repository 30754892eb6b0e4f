/** Every benchmark runs once with tiny counts, so that none rots. What it measures is not looked at. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { requires, root, tool } from "../harness/require.ts";
import { BENCHMARKS } from "./benchmarks.ts";

const BENCH = join(import.meta.dirname, "bench.ts");
const NEEDED = requires(root(), tool("clang", "clang"), tool("ip", "iproute2"), tool("iperf3", "iperf3"), tool("nft", "nftables"));

for (const { name } of BENCHMARKS) {
  test(`the benchmark ${name} measures something`, NEEDED, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [BENCH, "--quick", "--json", name]);
    const figures = JSON.parse(stdout) as { name: string; value: number | null }[];
    assert.ok(figures.length > 0);
    for (const figure of figures) assert.ok(Number.isFinite(figure.value), `${figure.name} is ${figure.value}`);
  });
}
