/** The compiled schemas are those that the sources say now, and judge as ajv itself judges. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Schema } from "../../agent/values/json-schema.ts";
import { VALIDATOR_MODULES, validatorFiles } from "../../agent/setup/generate-validators.ts";
import { validatorModule } from "../../agent/setup/validator-module.ts";

test("the committed validators are what the schemas say now", () => {
  for (const name of Object.keys(VALIDATOR_MODULES))
    for (const [file, text] of validatorFiles(name)) assert.equal(readFileSync(file, "utf8"), text, `${file}: run: npm run generate`);
});

type Loaded = typeof import("../../agent/generated/validators/requests.js");

async function load(schemas: Record<string, Schema>, most?: number): Promise<Loaded> {
  const folder = mkdtempSync(join(tmpdir(), "weir-validators-"));
  try {
    const file = join(folder, "module.mjs");
    writeFileSync(
      file,
      validatorModule({ about: "Of a test.", schemas, formats: ["short"], ...(most === undefined ? {} : { most }) }).code,
    );
    return (await import(file)) as Loaded;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const LIST: Schema = { type: "array", items: { type: "string", format: "short" } };
const FORMATS = { short: (text: string) => text.length < 4 };

test("a module loads nothing of ajv, and the formats are handed in", async () => {
  const { code } = validatorModule({ about: "Of a test.", schemas: { list: LIST }, formats: ["short"] });
  assert.doesNotMatch(code, /\b(?:import|require)\b/);
  const { list } = (await load({ list: LIST })).validators(FORMATS) as Record<string, (value: unknown) => boolean>;
  assert.equal(list!(["abc"]), true);
  assert.equal(list!(["abcd"]), false);
});

test("a million errors cost no more than those that are wanted", async () => {
  const schemas = { of: { type: "object", additionalProperties: LIST } } satisfies Record<string, Schema>;
  const garbage = { one: Array(1_000_000).fill(7), two: Array(1_000_000).fill("abcd"), three: ["abc"] };
  const { of } = (await load(schemas, 100)).validators(FORMATS) as unknown as Record<string, { (value: unknown): boolean; errors?: [] }>;
  assert.equal(of!(garbage), false);
  assert.ok(of!.errors!.length >= 100 && of!.errors!.length < 110, `${of!.errors!.length} errors`);
  assert.equal(of!({ three: ["abc"] }), true, "nothing is left of the value before");
});

test("an empty mapping is empty, whatever defaults it gets", async () => {
  const schemas: Record<string, Schema> = {
    span: { type: "object", minProperties: 1, properties: { from: { type: "string", default: "00:00" }, to: { type: "string" } } },
  };
  const { span } = (await load(schemas, 100)).validators(FORMATS) as unknown as Record<string, (value: unknown) => boolean>;
  const said = { to: "06:00" };
  assert.deepEqual([span!({}), span!(said), said], [false, true, { to: "06:00", from: "00:00" }]);
});

test("a keyword that would load a part of ajv is refused by the generator", () => {
  const schemas = { text: { type: "array", uniqueItems: true, items: { enum: ["one"] } } } satisfies Record<string, Schema>;
  assert.throws(() => validatorModule({ about: "", schemas, formats: [] }), /ajv\/dist\/runtime\/equal/);
  const typed = { text: { ...schemas.text, items: { type: "string", enum: ["one"] } } } satisfies Record<string, Schema>;
  assert.match(validatorModule({ about: "", schemas: typed, formats: [] }).code, /function/);
});
