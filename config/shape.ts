/**
 * Checks a value against the schema and fills in its defaults. A general validator would keep every error of
 * a file of garbage and know nothing of the operator's words; this one is bounded and speaks to people.
 */

import { Findings } from "./findings.ts";
import { FORMATS } from "./formats.ts";
import { meantBy } from "../agent/values/meant.ts";
import { ICMP_TYPES, ICMPV6_TYPES } from "../agent/values/names.ts";
import { nearest } from "../agent/values/nearest.ts";
import { describeValue, quote } from "../agent/values/quote.ts";
import { resolve } from "./schema.ts";
import type { JsonType, ResolvedSchema, Schema } from "./schema.ts";

type Steps = (string | number)[];

const TYPE_NAMES: Record<JsonType, string> = {
  object: "a mapping",
  array: "a list",
  string: "text",
  integer: "a whole number",
  boolean: "true or false",
};
const SPOKEN_BOOLEANS: Readonly<Record<string, string>> = {
  yes: "true",
  on: "true",
  true: "true",
  no: "false",
  off: "false",
  false: "false",
};

/** Names of messages, where `type` is the key that names one. */
const MESSAGES = Object.keys({ ...ICMPV6_TYPES, ...ICMP_TYPES });

export function checkShape(value: unknown, reference: Schema, path: Steps, findings: Findings): void {
  const schema = resolve(reference);
  const { types } = schema;
  if (findings.full) return;
  if (value === null) return findings.add(path, "this is empty; give it a value or remove the key");
  if (schema.const !== undefined && value !== schema.const) {
    const known = String(schema.const);
    return findings.add(path, `${describeValue(value)} is not ${known}, the only value that is allowed here`, { value, suggestion: known });
  }
  if (schema.enum !== undefined && !schema.enum.includes(value as string)) return wrongWord(value, schema.enum, path, findings);
  const type = typeOf(value);
  if (types.length > 0 && !types.includes(type as JsonType)) return wrongType(value, schema, path, findings);
  if (typeof value === "number") checkNumber(value, schema, path, findings);
  else if (typeof value === "string") checkText(value, schema, path, findings);
  else if (Array.isArray(value)) checkList(value, schema, path, findings);
  else if (typeof value === "object") checkMapping(value as Record<string, unknown>, schema, path, findings);
}

function typeOf(value: unknown): JsonType | "number" {
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "integer" : "number";
  return typeof value as JsonType;
}

function wrongWord(value: unknown, words: readonly string[], path: Steps, findings: Findings): void {
  const one = words.length === 1 ? `${words[0]}, the only value that is allowed here` : `one of ${words.join(", ")}`;
  const suggestion = typeof value === "string" ? meantBy(value, words) : undefined;
  findings.add(path, `${describeValue(value)} is not ${one}`, { value, suggestion });
}

function wrongType(value: unknown, schema: ResolvedSchema, path: Steps, findings: Findings): void {
  const { types, format } = schema;
  if (format === "rate" && Number.isInteger(value))
    return findings.add(path, `the rate ${String(value)} does not say in which time`, { value, suggestion: `${String(value)}/s` });
  if (format === "protocol" && Array.isArray(value))
    return findings.add(path, "only one protocol can stand here; several take a rule for each", { value });
  const expected = types.map((type) => TYPE_NAMES[type]).join(" or ");
  findings.add(path, `${describeValue(value)} is not ${expected}`, { value, suggestion: intended(value, schema) });
}

/** How a value of another type would be written as one of these. */
function intended(value: unknown, { types, items, required = [], properties = {} }: ResolvedSchema): string | undefined {
  if (typeof value === "string") {
    const lower = value.toLowerCase();
    if (types.includes("boolean") && Object.hasOwn(SPOKEN_BOOLEANS, lower)) return SPOKEN_BOOLEANS[lower];
    if (types.includes("integer") && /^[0-9]{1,9}$/.test(value)) return value;
  }
  const scalar = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  if (scalar && String(value).length < 60) {
    const [key, ...more] = required;
    if (types.includes("object") && key !== undefined && more.length === 0) return asMapping(key, value, properties[key]!);
    const item = resolve(items ?? {});
    if (types.includes("array") && item.types.includes("object")) return bracketed(intended(value, item));
    if (types.includes("array")) return `[${JSON.stringify(value)}]`;
    if (types.includes("string")) return JSON.stringify(String(value));
  }
  // An IPv6 address that ends in "::" is a key with nothing after it to YAML.
  if (types.includes("string") && typeof value === "object" && value !== null) {
    const [[key, nothing] = ["", undefined], ...more] = Object.entries(value);
    if (nothing === null && more.length === 0) return JSON.stringify(`${key}:`);
  }
  return undefined;
}

/** A mapping of one key, where the value could stand behind it. */
function asMapping(key: string, value: unknown, schema: Schema): string | undefined {
  const findings = new Findings();
  const known = key === "type" && typeof value === "string" ? meantBy(value, MESSAGES) : value;
  if (known !== undefined) checkShape(known, schema, [], findings);
  return known === undefined || findings.count > 0 ? undefined : `{ ${key}: ${String(known)} }`;
}

function bracketed(text: string | undefined): string | undefined {
  return text === undefined ? undefined : `[${text}]`;
}

function checkNumber(value: number, schema: Schema, path: Steps, findings: Findings): void {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  if (value < minimum || value > maximum) findings.add(path, `${value} is outside ${minimum} to ${maximum}`, { value });
}

function checkText(value: string, schema: Schema, path: Steps, findings: Findings): void {
  const wrong = schema.format === undefined ? undefined : FORMATS[schema.format]?.(value);
  if (wrong !== undefined) findings.add(path, wrong.error, { value, suggestion: wrong.suggestion });
}

function checkList(list: unknown[], schema: Schema, path: Steps, findings: Findings): void {
  const { minItems = 0, maxItems = Infinity } = schema;
  if (list.length < minItems) findings.add(path, "the list is empty; name at least one");
  if (list.length > maxItems) return findings.add(path, `the list has ${list.length} entries; at most ${maxItems} are possible`);
  const seen = new Set<unknown>();
  for (const [index, item] of list.entries()) {
    path.push(index);
    if (schema.uniqueItems && seen.has(item)) findings.add(path, `${describeValue(item)} is in the list twice`, { value: item });
    else if (schema.items !== undefined) checkShape(item, schema.items, path, findings);
    seen.add(item);
    path.pop();
  }
}

function checkMapping(mapping: Record<string, unknown>, schema: ResolvedSchema, path: Steps, findings: Findings): void {
  const known = schema.properties ?? {};
  const keys = Object.keys(mapping);
  const { minProperties = 0, maxProperties = Infinity } = schema;
  if (keys.length < minProperties) findings.add(path, `this is empty; it may hold ${list(Object.keys(known))}`);
  if (keys.length > maxProperties) {
    return findings.add(path, `there are ${keys.length} keys here; at most ${maxProperties} are possible`);
  }
  for (const key of schema.required ?? []) {
    if (!Object.hasOwn(mapping, key)) findings.add(path, missing(key, known));
  }
  for (const key of keys) {
    path.push(key);
    const property = Object.hasOwn(known, key) ? known[key] : undefined;
    if (property !== undefined) checkShape(mapping[key], property, path, findings);
    else checkOtherKey(key, mapping[key], schema, path, findings);
    path.pop();
  }
  for (const [key, property] of schema.defaulted) {
    if (Object.hasOwn(mapping, key)) continue;
    mapping[key] = structuredClone(property.default);
    // Defaults inside the default; it is right by itself.
    checkShape(mapping[key], property, [...path, key], findings);
  }
}

function checkOtherKey(key: string, value: unknown, schema: Schema, path: Steps, findings: Findings): void {
  if (typeof schema.additionalProperties !== "object") return unknownKey(key, schema.properties ?? {}, path, findings);
  const wrong = FORMATS[schema.propertyNames?.format ?? ""]?.(key);
  if (wrong !== undefined) findings.add(path, wrong.error, { ofKey: true, value: key });
  else checkShape(value, schema.additionalProperties, path, findings);
}

function unknownKey(key: string, known: Record<string, Schema>, path: Steps, findings: Findings): void {
  const parts = Object.entries(known).map(([name, part]) => [name, resolve(part)] as const);
  const inside = parts.find(([, part]) => part.properties !== undefined && Object.hasOwn(part.properties, key));
  const suggestion = inside === undefined ? nearest(key, Object.keys(known)) : `${inside[0]}.${key}`;
  findings.add(path, `unknown key ${quote(key)}`, { ofKey: true, value: key, suggestion });
}

function missing(key: string, known: Record<string, Schema>): string {
  const [example] = resolve(known[key] ?? {}).examples ?? [];
  return `"${key}" is missing; write one, as "${key}: ${String(example)}"`;
}

function list(words: string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
