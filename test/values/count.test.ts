import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { count, counted } from "../../agent/values/count.ts";

test("one is one, and everything else is several", () => {
  assert.deepEqual(
    [0, 1, 2, 1234].map((number) => counted(number, "rule")),
    ["0 rules", "1 rule", "2 rules", "1,234 rules"],
  );
  assert.deepEqual(
    [1, 3].map((number) => counted(number, "process", "processes")),
    ["1 process", "3 processes"],
  );
  assert.deepEqual(
    [1, 3].map((number) => counted(number, "ban is", "bans are")),
    ["1 ban is", "3 bans are"],
  );
  assert.equal(count(1_234_567), "1,234,567");
});

test("no sentence puts a number before a plural without looking whether it is one", () => {
  const root = join(import.meta.dirname, "../..");
  const plural =
    /\b(?:count\([^`{}]*\)|(?:length|size|loaded|changed|missing|dropped|lost|unseen))\} (?:rules|bans|members|files|lines|events|packets|flows|problems|networks|sockets|links|filters|tables|cases)\b/;
  const told: string[] = [];
  for (const file of globSync("{agent,audit,config,otel}/**/*.ts", { cwd: root })) {
    for (const [index, line] of readFileSync(join(root, file), "utf8").split("\n").entries()) {
      // A limit that is passed is never one; a list of one needs no sentence about all of them.
      if (plural.test(line) && !/MOST_|=== 1 \?|at most/.test(line)) told.push(`${file}:${index + 1}: ${line.trim()}`);
    }
  }
  assert.deepEqual(told, []);
});
