/** The compiled validators of the configuration beside the schema as a whole, on configurations with something changed in them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv } from "ajv";
import { Findings, formatPath } from "../../config/findings.ts";
import { FORMATS } from "../../config/formats.ts";
import schema from "../../config/schema.json" with { type: "json" };
import { checkShape } from "../../config/shape.ts";
import { FILE_SHAPE, RULE_SHAPE } from "../../config/shapes.ts";
import { COMPLETE } from "./complete.ts";

const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false });
for (const [name, explain] of Object.entries(FORMATS)) ajv.addFormat(name, (text: string) => explain(text) === undefined);
const validate = ajv.compile(schema);

const JUNK: unknown[] = [
  null,
  true,
  0,
  1,
  -1,
  1.5,
  256,
  65_536,
  70_000,
  1e300,
  "",
  "x",
  "yes",
  "22",
  "10.0.0.0/33",
  "10.0.0.0/8",
  "8000-1",
  "/x",
  [],
  [null],
  [1],
  ["a"],
  ["a", "a"],
  [[]],
  {},
  { a: 1 },
  { type: 8 },
  { name: "x", action: "allow" },
  "tcp",
  "block",
  "echo-request",
  "é",
  "a".repeat(70),
];

/** The value with one thing in it replaced, removed or added. */
function mutate(value: unknown, random: (count: number) => number): unknown {
  if (typeof value !== "object" || value === null || random(6) === 0) return structuredClone(JUNK[random(JUNK.length)]);
  const keys = Object.keys(value);
  const key = keys[random(keys.length)];
  if (Array.isArray(value)) {
    if (key === undefined || random(5) === 0) return [...value, structuredClone(JUNK[random(JUNK.length)])];
    return value.with(Number(key), mutate(value[Number(key)], random));
  }
  const { ...copy } = value as Record<string, unknown>;
  if (key === undefined || random(8) === 0) copy[`other${random(3)}`] = JUNK[random(JUNK.length)];
  else if (random(8) === 0) delete copy[key];
  else copy[key] = mutate(copy[key], random);
  return copy;
}

/** As load.ts does it: the file, then each rule. */
function explained(value: unknown): Findings {
  const findings = new Findings();
  checkShape(value, FILE_SHAPE, [], findings);
  const { rules } = (value ?? {}) as { rules?: unknown };
  if (Array.isArray(rules)) for (const [index, rule] of rules.entries()) checkShape(rule, RULE_SHAPE, ["rules", index], findings);
  return findings;
}

test("what is compiled refuses of 20,000 changed configurations those that the schema as a whole refuses, and has words for each", () => {
  let seed = 7;
  const random = (count: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * count);
  };
  const counts = { accepted: 0, refused: 0 };
  for (let round = 0; round < 20_000; round++) {
    const value = mutate(COMPLETE, random);
    const valid = validate(value);
    const findings = explained(structuredClone(value));
    if ((findings.count === 0) !== valid || findings.kept.some(({ message }) => message === "")) {
      const told = findings.kept.map(({ path, message }) => `${formatPath(path)}: ${message}`).join("\n");
      assert.fail(`${JSON.stringify(value)}\nthe schema as a whole: ${ajv.errorsText(validate.errors)}\nwhat is compiled: ${told}`);
    }
    counts[valid ? "accepted" : "refused"]++;
  }
  assert.ok(counts.accepted > 1000 && counts.refused > 1000, JSON.stringify(counts));
});
