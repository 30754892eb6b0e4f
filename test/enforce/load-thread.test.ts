import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { LoadThread } from "../../agent/enforce/load-thread.ts";
import { compile, RulesRefused } from "../../agent/policy/compile.ts";
import { loadConfig } from "../../config/load.ts";
import type { RuleText } from "../conformance/policy.ts";

const MANY = 5000;

/** One of them is judged for each packet. */
const RULES = Array.from(
  { length: MANY },
  (_, index): RuleText => ({
    name: `r${index}`,
    action: "block",
    enforce: true,
    interfaces: ["eth*"],
    layer3: { source: [`10.${index >> 8}.${index & 0xff}.0/24`] },
    layer4: { protocol: "tcp", ...(index === 7 && { flags: { set: ["syn"] } }) },
  }),
);

async function withFile(text: string, use: (path: string, thread: LoadThread) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "weir-load-"));
  try {
    const path = join(folder, "weir.json");
    writeFileSync(path, text);
    await using thread = new LoadThread();
    await use(path, thread);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a thread reads and compiles what is read and compiled without it", async () => {
  await withFile(JSON.stringify({ version: 1, rules: RULES }, null, 1), async (path, thread) => {
    const [here, there] = [await loadConfig(path), await thread.load(path)];
    assert.ok(here.ok && there.ok);
    const { locate: _, ...expected } = here;
    assert.deepEqual(there, expected);
    const [one, other] = [compile(here.config), await thread.compile(there.config)];
    assert.deepEqual(other, one);
    assert.deepEqual(other.file.interfaceGroups, [{ patterns: ["eth*"], except: [] }]);
  });
});

test("a thread compiles rules that it did not read, and keeps slots", async () => {
  await withFile(JSON.stringify({ version: 1, rules: RULES }), async (path, thread) => {
    const loaded = await thread.load(path);
    assert.ok(loaded.ok);
    const before = await thread.compile(loaded.config);
    const more = { ...loaded.config, rules: [{ ...loaded.config.rules[0]!, name: "new" }, ...loaded.config.rules] };
    const after = await thread.compile(more, before);
    const slots = [...after.file.slots.slots];
    assert.equal(slots.length, MANY + 1);
    assert.deepEqual([...after.freshSlots], slots.slice(0, 1));
    assert.deepEqual(slots.slice(1), [...before.file.slots.slots]);
  });
});

test("a thread tells what is wrong with a file, and with rules", async () => {
  await withFile(JSON.stringify({ version: 1, rules: [...RULES, RULES[0]] }), async (path, thread) => {
    const loaded = await thread.load(path);
    assert.ok(!loaded.ok);
    assert.match(loaded.problems[0]!.message, /rules\[0\] has the name "r0" already/);
  });
  const messages = Array.from({ length: MANY }, (_, index) => ({
    name: `r${index}`,
    action: "block",
    enforce: true,
    layer4: { protocol: "icmp", icmp: [{ type: index >> 8, code: index & 255 }] },
  }));
  await withFile(JSON.stringify({ version: 1, rules: messages }), async (path, thread) => {
    const loaded = await thread.load(path);
    assert.ok(loaded.ok);
    await assert.rejects(thread.compile(loaded.config), (error) => error instanceof RulesRefused && /overlap so much/.test(error.message));
  });
});
