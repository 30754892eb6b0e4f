/** The schema as the checks and the reference read it: the part of JSON Schema that schema.json uses. */

import json from "./schema.json" with { type: "json" };
import type { JsonType, Schema } from "../agent/values/json-schema.ts";

export type { JsonType, Schema };

/** A schema with what it refers to, and what the checks ask of it for every value. */
export interface ResolvedSchema extends Schema {
  types: JsonType[];
  defaulted: [string, Schema][];
}

const definitions = json.definitions as unknown as Record<string, Schema>;
const resolved = new Map<Schema, ResolvedSchema>();

export const ROOT = json as unknown as Schema;
export const RULE = definitions["rule"] as Schema;

/** A file as it is judged before its rules, each of which is judged by itself. */
export const FILE: Schema = { ...ROOT, properties: { ...ROOT.properties, rules: withoutItems(ROOT.properties?.["rules"] ?? {}) } };

/** The schemas that `npm run generate` compiles. */
export const COMPILED_SCHEMAS = {
  file: FILE,
  rule: { ...RULE, definitions },
} satisfies Record<string, Schema>;

/** The schema with what it refers to, its own words winning. */
export function resolve(schema: Schema): ResolvedSchema {
  let whole = resolved.get(schema);
  if (whole === undefined) {
    const { $ref = "", ...own } = schema;
    const merged: Schema = { ...definitions[$ref.slice("#/definitions/".length)], ...own };
    const defaulted = Object.entries(merged.properties ?? {}).filter(([, property]) => property.default !== undefined);
    whole = { ...merged, types: typesOf(merged), defaulted };
    resolved.set(schema, whole);
  }
  return whole;
}

/** The value types a schema allows; every enum of schema.json is of text. */
function typesOf(schema: Schema): JsonType[] {
  if (schema.enum !== undefined) return ["string"];
  if (schema.const !== undefined) return ["integer"];
  return [schema.type ?? []].flat();
}

function withoutItems({ items: _, ...list }: Schema): Schema {
  return list;
}
