/** The simple reader beside the full one, on values as writers write them and on pieces of YAML in any order. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { stringify } from "yaml";
import { readFull } from "../../config/text/full.ts";
import { readSimple } from "../../config/text/simple.ts";
import { Wanted } from "../../config/text/wanted.ts";

let seed = 1;
function random(count: number): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * count);
}

const SCALARS: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e21,
  "",
  "a",
  "a b",
  "yes",
  "null",
  "~",
  "1",
  "0x10",
  "::1",
  "10.0.0.0/8",
  "a: b",
  "a #b",
  "#",
  "- a",
  "[a]",
  "it's",
  '"',
  "\\",
  "é",
  "x".repeat(90),
  "tab\tin",
  "two\nlines",
  "*",
  "&a",
  "!a",
  "%",
  "@",
  "`",
  "?",
  "-",
  ":",
  "fe80::",
  "true",
  " lead",
  "trail ",
  "1_000",
  ".5",
  "+1",
  "---",
  "...",
  "{}",
];

function value(depth: number): unknown {
  const kind = depth === 0 ? 0 : random(3);
  if (kind === 0) return SCALARS[random(SCALARS.length)];
  const count = random(4);
  if (kind === 1) return Array.from({ length: count }, () => value(depth - 1));
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`${SCALARS[random(SCALARS.length)]}${index}`, value(depth - 1)]));
}

test("what a writer of YAML or JSON writes, the simple reader reads back or leaves to the full one", () => {
  let read = 0;
  for (let round = 0; round < 4000; round++) {
    const original = value(4);
    const json = JSON.stringify(original);
    const yaml = [stringify(original), stringify(original, { collectionStyle: "flow" })];
    for (const text of [...yaml, json, JSON.stringify(original, null, 2), JSON.stringify(original, null, "\t")]) {
      const reading = readSimple(text, new Wanted());
      if (!("value" in reading)) {
        assert.notEqual(reading.doubt, "wrong", text);
        continue;
      }
      assert.deepEqual(reading.value, JSON.parse(json), text);
      read++;
    }
  }
  assert.ok(read > 15_000, `${read} of 20000 texts were read`);
});

const PIECES = [
  "a",
  "b: ",
  "- ",
  "  ",
  "\n",
  "\n  ",
  "\n    ",
  "[",
  "]",
  "{",
  "}",
  ", ",
  ",",
  ": ",
  ":",
  '"',
  '"x"',
  "'y'",
  "# c",
  " # c",
  "1",
  "-1",
  "1e3",
  "0x1f",
  ".5",
  "~",
  "true",
  "null",
  "::1",
  "10.0.0.0/8",
  "k:\n",
  "- a\n",
  "  - b\n",
  "\r\n",
  "---\n",
  "...\n",
  "&a ",
  "*a",
  "|\n",
  '"\\n"',
  "? ",
  "-",
  "x y",
  "  k: v\n",
  "k: v\n",
  "\t",
  "__proto__: 1\n",
  "!",
  "%",
  "@",
  "''",
  "+",
  "-.inf",
  "0o7",
  "{a: b}",
  "[1, 2]",
  '"a":1',
];

test("on 50,000 texts made of pieces of YAML, the simple reader never reads anything but what the full one does", () => {
  let same = 0;
  for (let round = 0; round < 50_000; round++) {
    const text = Array.from({ length: 1 + random(12) }, () => PIECES[random(PIECES.length)]).join("");
    const quick = readSimple(text, new Wanted());
    const full = readFull(text, new Wanted());
    if (!("value" in quick)) {
      assert.ok(quick.doubt !== "wrong" || !("value" in full), `only the full reader reads ${JSON.stringify(text)}`);
      continue;
    }
    // The full reader refuses lines of nothing but a tab, which YAML allows.
    if (!("value" in full) && /^[ \r]*\t\s*$/m.test(text)) continue;
    assert.ok("value" in full, `only the simple reader reads ${JSON.stringify(text)}`);
    assert.deepEqual(quick.value, full.value, JSON.stringify(text));
    assert.equal(quick.complaints.length, full.complaints.length, JSON.stringify(text));
    same++;
  }
  assert.ok(same > 5000, `${same} texts were read by both`);
});
