import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv } from "ajv";
import { defaultConfig } from "../../config/defaults.ts";
import { Findings, formatPath } from "../../config/findings.ts";
import { embedRuleSchema, SCHEMA_FILE } from "../../config/rule-schema.ts";
import { FORMATS, LARGEST_SIZE, SMALLEST_SIZE } from "../../config/formats.ts";
import { parseConfig } from "../../config/load.ts";
import { CONNECTION_STATES, PROTOCOLS, TCP_FLAGS } from "../../agent/values/names.ts";
import { resolve, ROOT } from "../../config/schema.ts";
import type { Schema } from "../../config/schema.ts";
import schema from "../../config/schema.json" with { type: "json" };
import { checkShape } from "../../config/shape.ts";
import { FILE_SHAPE, RULE_SHAPE } from "../../config/shapes.ts";
import { COMPLETE } from "./complete.ts";

/** Keywords that shape.ts has words for, and those that only people and editors read. */
const KNOWN = new Set([
  "$ref",
  "type",
  "format",
  "const",
  "enum",
  "default",
  "properties",
  "required",
  "additionalProperties",
  "propertyNames",
  "items",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "uniqueItems",
  "minProperties",
  "maxProperties",
  "title",
  "description",
  "examples",
]);

function* partsOf(part: Schema, path: string): Generator<[path: string, part: Schema, named: boolean]> {
  const whole = resolve(part);
  for (const [key, property] of Object.entries(whole.properties ?? {})) {
    yield [`${path}.${key}`, property, true];
    yield* partsOf(property, `${path}.${key}`);
  }
  if (typeof whole.additionalProperties === "object" && resolve(whole.additionalProperties).properties !== undefined)
    yield* partsOf(whole.additionalProperties, `${path}.*`);
  if (whole.items !== undefined) {
    yield [`${path}[]`, whole.items, false];
    yield* partsOf(whole.items, `${path}[]`);
  }
}

const PARTS = [...partsOf(ROOT, "")];
const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false });
for (const [name, explain] of Object.entries(FORMATS)) ajv.addFormat(name, (text: string) => explain(text) === undefined);
const validate = ajv.compile(schema);

test("the schema is JSON Schema, and every named key has a title, a description and examples that fit it", () => {
  assert.ok(ajv.validateSchema(schema), ajv.errorsText());
  for (const [path, part, named] of PARTS) {
    if (!named) continue;
    const { title, description, examples } = resolve(part);
    assert.ok(title && description && examples?.length, path);
    for (const example of [...(examples ?? []), ...(part.default === undefined ? [] : [part.default])]) {
      const { definitions } = schema;
      assert.ok(ajv.validate({ ...part, definitions }, structuredClone(example)), `${path}: ${ajv.errorsText()}`);
    }
  }
});

test("schema.json says of rules what their fields say", () => {
  const text = readFileSync(SCHEMA_FILE, "utf8");
  assert.equal(JSON.stringify(JSON.parse(text)), embedRuleSchema(text).trimEnd(), "run: npm run generate");
});

test("the schema uses no keyword that the explanations have no words for", () => {
  for (const [path, part] of PARTS) {
    for (const keyword of Object.keys(resolve(part)))
      assert.ok(KNOWN.has(keyword) || keyword === "types" || keyword === "defaulted", `${path}: ${keyword}`);
    if (part.format !== undefined) assert.ok(Object.hasOwn(FORMATS, part.format), `${path}: ${part.format}`);
  }
});

test("the types and the schema have the same keys", () => {
  const keys = (value: unknown, path: string): string[] => {
    if (Array.isArray(value)) return value.flatMap((item) => keys(item, `${path}[]`));
    if (typeof value !== "object" || value === null || path === ".otel.resource") return [];
    if (path === ".sets") return Object.values(value).flatMap((inner) => keys(inner, `${path}.*`));
    return Object.entries(value).flatMap(([key, inner]) => [`${path}.${key}`, ...keys(inner, `${path}.${key}`)]);
  };
  const inSchema = PARTS.filter(([, , named]) => named).map(([path]) => path);
  assert.deepEqual([...new Set(keys(COMPLETE, ""))].sort(), inSchema.sort());
});

test("the names and bounds that the schema lists are those of the tables", () => {
  const part = (path: string): Schema => resolve(PARTS.find(([other]) => other === path)?.[1] ?? {});
  assert.deepEqual(part(".rules[].layer4.flags.set[]").enum, Object.keys(TCP_FLAGS));
  assert.deepEqual(part(".rules[].layer4.state[]").enum, CONNECTION_STATES);
  const { minimum, maximum } = part(".audit.rotate.size");
  assert.deepEqual([minimum, maximum], [SMALLEST_SIZE, LARGEST_SIZE]);
  const [, listed = ""] = /\(([^)]*)\)/.exec(part(".rules[].layer4.protocol").description ?? "") ?? [];
  assert.deepEqual(listed.split(", ").sort(), Object.keys(PROTOCOLS).sort());
});

/** Written with a unit, read as bytes. */
const SIZES: Record<string, number> = { ".audit.rotate.size": 100_000_000, ".audit.actions.size": 10_000_000 };

test("the built-in defaults are those of the schema, and fit it", () => {
  const config = defaultConfig();
  assert.ok(validate(config), ajv.errorsText(validate.errors));
  for (const [path, part, named] of PARTS) {
    if (!named || path.includes("[]") || part.default === undefined || resolve(part).properties !== undefined) continue;
    const value: unknown = path
      .slice(1)
      .split(".")
      .reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], config);
    assert.deepEqual(value, SIZES[path] ?? part.default, path);
  }
});

test("a configuration with every key is accepted as it is", () => {
  const written = structuredClone(COMPLETE);
  written.rules[1] = { ...COMPLETE.rules[1], layer4: { ...COMPLETE.rules[1]?.layer4, flags: undefined } } as never;
  const loaded = parseConfig(JSON.stringify(written), "weir.json");
  assert.ok(loaded.ok, JSON.stringify(loaded));
  assert.deepEqual(loaded.config, JSON.parse(JSON.stringify(written)));
});

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
    const told = findings.kept.map(({ path, message }) => `${formatPath(path)}: ${message}`);
    assert.ok(
      findings.kept.every(({ message }) => message !== ""),
      told.join("\n"),
    );
    assert.equal(findings.count === 0, valid, `${JSON.stringify(value)}\n${ajv.errorsText(validate.errors)}\n${told.join("\n")}`);
    counts[valid ? "accepted" : "refused"]++;
  }
  assert.ok(counts.accepted > 1000 && counts.refused > 1000, JSON.stringify(counts));
});
