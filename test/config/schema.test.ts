import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv } from "ajv";
import { defaultConfig } from "../../config/defaults.ts";
import { embedRuleSchema, SCHEMA_FILE } from "../../config/rule-schema.ts";
import { FORMATS, LARGEST_SIZE, SMALLEST_SIZE } from "../../config/formats.ts";
import { parseConfig } from "../../config/load.ts";
import { CONNECTION_STATES, PROTOCOLS, TCP_FLAGS } from "../../agent/values/names.ts";
import { resolve, ROOT } from "../../config/schema.ts";
import type { Schema } from "../../config/schema.ts";
import schema from "../../config/schema.json" with { type: "json" };
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
