import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRule } from "../../../agent/enforce/dynamic/check.ts";
import { compile, RulesRefused } from "../../../agent/policy/compile.ts";
import { formatProblem, parseConfig } from "../../../config/load.ts";
import { WRONG_CONDITIONS } from "./conditions.ts";
import { WRONG_HABITS } from "./habits.ts";
import { WRONG_DYNAMIC_RULES, WRONG_POLICIES } from "./policies.ts";
import { WRONG_SETTINGS } from "./settings.ts";
import { WRONG_SHAPES } from "./shape.ts";
import { WRONG_TEXT } from "./text.ts";

const BROKEN_FILES = [...WRONG_SHAPES, ...WRONG_CONDITIONS, ...WRONG_HABITS, ...WRONG_SETTINGS, ...WRONG_TEXT];

for (const [what, text, ...says] of BROKEN_FILES) {
  test(`refuses ${what} and says where and why`, () => {
    const loaded = parseConfig(text, "weir.yaml");
    assert.ok(!loaded.ok, "the file was accepted");
    assert.deepEqual(loaded.problems.map(formatProblem), says);
  });
}

for (const [what, rules, says] of WRONG_POLICIES) {
  test(`refuses ${what} and names the rules`, () => {
    const loaded = parseConfig(JSON.stringify({ version: 1, rules }), "weir.json");
    assert.ok(loaded.ok, "the file was refused");
    assert.throws(
      () => compile(loaded.config),
      (error) => error instanceof RulesRefused && (assert.deepEqual(error.problems, [says]), true),
    );
  });
}

for (const [what, rule, ...says] of WRONG_DYNAMIC_RULES) {
  test(`refuses ${what} by command and says where and why`, () => {
    assert.deepEqual(checkRule(rule, { partners: {} }).problems, says);
  });
}

test("says the same of a file with the line ends of Windows", () => {
  for (const [what, text, ...says] of BROKEN_FILES) {
    // A lone carriage return is one of the things that are wrong; it stays alone.
    if (text.includes("\r")) continue;
    const loaded = parseConfig(text.replaceAll("\n", "\r\n"), "weir.yaml");
    assert.ok(!loaded.ok, what);
    assert.deepEqual(loaded.problems.map(formatProblem), says, what);
  }
});

test("no message carries a character that a terminal would obey", () => {
  const nasty = 'version: 1\n"\\u001b]0;x\\u0007": 1\nrules: [{ name: "\\u0085\\u2028\\u202e", action: "\\u009b31m" }]\n';
  const loaded = parseConfig(nasty, "we\x1bir.yaml");
  assert.ok(!loaded.ok);
  assert.equal(loaded.problems.length, 3);
  assert.doesNotMatch(JSON.stringify(loaded.problems), /[\p{Cc}\p{Cf}\u2028\u2029]/u);
  for (const problem of loaded.problems) assert.doesNotMatch(formatProblem(problem), /[\p{Cc}\p{Cf}\u2028\u2029]/u);
});
