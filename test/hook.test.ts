/** A hook that leaves out a part of its contract with the verdict path does not compile. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { requires, tool } from "./harness/require.ts";

const PROBES = join(import.meta.dirname, "../probes");
const CONTRACT = readFileSync(join(PROBES, "base/hook.h"), "utf8");
const FUNCTIONS = [...CONTRACT.matchAll(/^static __always_inline .*?(\w+)\(hook_context \*ctx.*\);$/gm)].map(([, name]) => name!);
const CONSTANTS = [...CONTRACT.matchAll(/^#ifndef (HOOK_CONTEXT|HOOK_HAS_SENDERS|PASS|DROP)$/gm)].map(([, name]) => name!);

/** Answers what the compiler has against a compile unit; empty if it has nothing. */
function complaints(source: string): string {
  const { status, stderr } = spawnSync(
    "clang",
    [
      "-O2",
      "-Wall",
      "-Werror",
      "-ferror-limit=0",
      "-target",
      "bpf",
      "-mcpu=v3",
      "-g",
      "-fsyntax-only",
      "-I",
      PROBES,
      "-I",
      `/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`,
      "-x",
      "c",
      "-",
    ],
    { input: source, encoding: "utf8" },
  );
  assert.equal(status === 0, stderr === "");
  return stderr;
}

/** A hook with these constants, and with these functions alone. */
function hook(constants: string[], functions: string): string {
  const values: Record<string, string> = { HOOK_CONTEXT: "struct xdp_md", HOOK_HAS_SENDERS: "true", PASS: "XDP_PASS", DROP: "XDP_DROP" };
  return [
    ...constants.map((name) => `#define ${name} ${values[name]}`),
    '#include "base/hook.h"',
    '#include "answer/reject.h"',
    '#include "decide/observe.h"',
    functions,
    'SEC("xdp") int weir_test(hook_context *ctx) {',
    "  struct packet *packet = start_packet(0, 0); struct cursor cursor = {};",
    "  if (!packet) return PASS;",
    "  parse_frame(&cursor, packet, 0);",
    "  return observe(ctx, &cursor, packet) == VERDICT_DROPPED ? drop(ctx, packet) : PASS; }",
  ].join("\n");
}

const NOTHING = "{ return 0; }";
const declared = (name: string): string => new RegExp(`^static __always_inline .*?\\b${name}\\(.*\\)(?=;$)`, "m").exec(CONTRACT)![0];

test("the contract of a hook is all that the verdict path needs of it", requires(tool("clang", "clang")), () => {
  assert.ok(FUNCTIONS.length >= 12, FUNCTIONS.join(", "));
  assert.deepEqual(complaints(hook(CONSTANTS, FUNCTIONS.map((name) => `${declared(name)} ${NOTHING}`).join("\n"))), "");
});

test("each function that a hook leaves out is a compile error", requires(tool("clang", "clang")), () => {
  const said = complaints(hook(CONSTANTS, ""));
  assert.deepEqual(
    FUNCTIONS.filter((name) => !said.includes(`function '${name}' has internal linkage but is not defined`)),
    [],
  );
});

test("each constant that a hook leaves out is a compile error that says what it is for", requires(tool("clang", "clang")), () => {
  assert.equal(CONSTANTS.length, 4);
  for (const name of CONSTANTS) {
    assert.match(
      complaints(
        hook(
          CONSTANTS.filter((other) => other !== name),
          "",
        ),
      ),
      new RegExp(`a hook defines ${name} before it includes base/hook.h: `),
    );
  }
});
