/**
 * Says in an operator's words what a compiled schema refused: where, why, and what to write instead. It judges nothing itself: the
 * code that ajv made of the schema does. See agent/decisions/009-ajv-judges-the-configuration.md.
 */

import type { DefinedError } from "ajv";

import type { Validator } from "../agent/generated/validators/config.js";
import { meantBy } from "../agent/values/meant.ts";
import { ICMP_TYPES, ICMPV6_TYPES } from "../agent/values/names.ts";
import { nearest } from "../agent/values/nearest.ts";
import { describeValue, quote } from "../agent/values/quote.ts";
import type { Findings } from "./findings.ts";
import { FORMATS } from "./formats.ts";
import { resolve } from "./schema.ts";
import type { JsonType, ResolvedSchema, Schema } from "./schema.ts";

type Steps = (string | number)[];
type Mapping = Record<string, unknown>;

/** A schema, and the code that it was compiled to, which judges a value and fills in its defaults. */
export interface Shape {
  schema: Schema;
  validate: Validator;
}

/** The value that an error is about. */
interface Place {
  path: Steps;
  /** Its JSON pointer with 0 for every index: what a list takes at one index, it takes at any. */
  pointer: string;
  value: unknown;
  schema: ResolvedSchema;
  /** The schema of the mapping or list that the value is in. */
  around: ResolvedSchema;
}

interface Said {
  message: string;
  value?: unknown;
  suggestion?: string | undefined;
  ofKey?: boolean;
  /** The key or index inside the place that is wrong, where it is not the whole. */
  step?: string | number;
}

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

/** Fills in the defaults of a value, and adds to the findings whatever is refused. `sets`: names of sets that may be meant. */
export function checkShape(value: unknown, shape: Shape, path: Steps, findings: Findings, sets?: readonly string[]): void {
  if (findings.full || shape.validate(value)) return;
  const mistyped = new Set<string>();
  for (const error of shape.validate.errors ?? []) {
    // A value of a wrong type is none of the words that are allowed, either.
    if (mistyped.has(error.instancePath)) continue;
    if (error.keyword === "type") mistyped.add(error.instancePath);
    const place = placeOf(error.instancePath, value, shape.schema);
    const said = explain(error, place, shape.validate, sets);
    if (said === undefined) continue;
    const { message, step, ...details } = said;
    findings.add([...path, ...place.path, ...(step === undefined ? [] : [step])], message, details);
  }
}

/** Follows a JSON pointer to a value that is there. */
function placeOf(pointer: string, root: unknown, reference: Schema): Place {
  const schema = resolve(reference);
  const place: Place = { path: [], pointer: "", value: root, schema, around: schema };
  for (const escaped of pointer.split("/").slice(1)) {
    const { value, schema } = place;
    const key = escaped.replaceAll("~1", "/").replaceAll("~0", "~");
    const isList = Array.isArray(value);
    place.path.push(isList ? Number(key) : key);
    place.pointer += isList ? "/0" : `/${escaped}`;
    place.value = (value as Mapping)[key];
    place.schema = resolve((isList ? schema.items : propertyOf(schema, key)) ?? {});
    place.around = schema;
  }
  return place;
}

function propertyOf({ properties = {}, additionalProperties }: Schema, key: string): Schema | undefined {
  if (Object.hasOwn(properties, key)) return properties[key];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

/** undefined: another error says it. */
function explain(error: DefinedError, place: Place, validate: Validator, sets?: readonly string[]): Said | undefined {
  const { value, schema } = place;
  switch (error.keyword) {
    case "type":
    case "enum":
    case "const":
      return explainValue(place, validate);
    case "minimum":
    case "maximum": {
      const { minimum, maximum } = schema;
      return { message: `${String(value)} is outside ${minimum} to ${maximum}`, value };
    }
    case "format": {
      const { propertyName: key } = error;
      if (key === undefined) return explainText(value as string, error.params.format, sets);
      return { ...explainText(key, error.params.format), step: key, ofKey: true };
    }
    case "propertyNames": // The format that the name lacks is refused by itself.
      return undefined;
    case "minItems":
      return { message: "the list is empty; name at least one" };
    case "maxItems":
      return { message: `the list has ${(value as unknown[]).length} entries; at most ${schema.maxItems} are possible` };
    case "uniqueItems": {
      const index = error.params.j;
      const item = (value as unknown[])[index];
      return { message: `${describeValue(item)} is in the list twice`, value: item, step: index };
    }
    case "minProperties":
      return { message: `this is empty; it may hold ${list(Object.keys(schema.properties ?? {}))}` };
    case "maxProperties":
      return { message: `there are ${Object.keys(value as Mapping).length} keys here; at most ${schema.maxProperties} are possible` };
    case "required":
      return { message: missing(error.params.missingProperty, schema) };
    case "additionalProperties":
      return explainKey(error.params.additionalProperty, schema);
    default:
      throw new Error(`there are no words for the keyword ${error.keyword}`);
  }
}

/** Of a value that is of a wrong type, or none of the words that are allowed. */
function explainValue(place: Place, validate: Validator): Said {
  const { value, schema, around } = place;
  const { types, format } = schema;
  if (value === null) return { message: "this is empty; give it a value or remove the key" };
  if (schema.const !== undefined) {
    const known = String(schema.const);
    return { message: `${describeValue(value)} is not ${known}, the only value that is allowed here`, value, suggestion: known };
  }
  if (schema.enum !== undefined) return explainWord(value, schema.enum, around);
  if (format === "rate" && Number.isInteger(value))
    return { message: `the rate ${String(value)} does not say in which time`, value, suggestion: `${String(value)}/s` };
  if (format === "protocol" && Array.isArray(value))
    return { message: "only one protocol can stand here; several take a rule for each", value };
  const expected = types.map((type) => TYPE_NAMES[type]).join(" or ");
  return { message: `${describeValue(value)} is not ${expected}`, value, suggestion: intended(place, validate) };
}

function explainWord(value: unknown, words: readonly string[], { properties = {} }: Schema): Said {
  const one = words.length === 1 ? `${words[0]}, the only value that is allowed here` : `one of ${words.join(", ")}`;
  const message = `${describeValue(value)} is not ${one}`;
  const meant = typeof value === "string" ? meantBy(value, words) : undefined;
  if (meant === undefined) return { message, value };
  // What is a word elsewhere may be a key here, as `reject` beside `action`.
  const key = (value as string).toLowerCase();
  const isSwitch = Object.hasOwn(properties, key) && properties[key]!.type === "boolean";
  return { message, value, suggestion: isSwitch ? `${meant}, with "${key}: true" beside it` : meant };
}

function explainText(value: string, format: string, sets?: readonly string[]): Said {
  const { error, suggestion } = FORMATS[format]!(value, sets)!;
  return { message: error, value, suggestion };
}

function explainKey(key: string, { properties: known = {} }: Schema): Said {
  const inside = Object.entries(known).find(([, part]) => Object.hasOwn(resolve(part).properties ?? {}, key));
  const suggestion = inside === undefined ? nearest(key, Object.keys(known)) : `${inside[0]}.${key}`;
  return { message: `unknown key ${quote(key)}`, value: key, suggestion, step: key, ofKey: true };
}

/** How a value of another type would be written as one that is allowed. */
function intended(place: Place, validate: Validator): string | undefined {
  const { value, schema } = place;
  const { types } = schema;
  if (typeof value === "string") {
    const lower = value.toLowerCase();
    if (types.includes("boolean") && Object.hasOwn(SPOKEN_BOOLEANS, lower)) return SPOKEN_BOOLEANS[lower];
    if (types.includes("integer") && /^[0-9]{1,9}$/.test(value)) return value;
  }
  const scalar = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  if (scalar && String(value).length < 60) {
    const [key, ...more] = schema.required ?? [];
    if (types.includes("object") && key !== undefined && more.length === 0) return asMapping(key, place, validate);
    const item = resolve(schema.items ?? {});
    if (types.includes("array") && item.types.includes("object")) return bracketed(intended(firstOf(place, item), validate));
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

/** A mapping of one key, if the value is one that may stand behind it. */
function asMapping(key: string, { value, path, pointer }: Place, validate: Validator): string | undefined {
  const known = key === "type" && typeof value === "string" ? meantBy(value, MESSAGES) : value;
  if (known === undefined) return undefined;
  const tried = path.reduceRight<unknown>((inner, step) => (typeof step === "number" ? [inner] : { [step]: inner }), { [key]: known });
  validate(tried);
  const isRefused = validate.errors?.some(({ instancePath }) => `${instancePath}/`.startsWith(`${pointer}/`));
  return isRefused ? undefined : `{ ${key}: ${String(known)} }`;
}

/** The place, with its value as the only one of a list. */
function firstOf({ value, path, pointer, schema }: Place, item: ResolvedSchema): Place {
  return { path: [...path, 0], pointer: `${pointer}/0`, value, schema: item, around: schema };
}

function bracketed(text: string | undefined): string | undefined {
  return text === undefined ? undefined : `[${text}]`;
}

function missing(key: string, { properties = {} }: Schema): string {
  const [example] = resolve(properties[key] ?? {}).examples ?? [];
  return `"${key}" is missing; write one, as "${key}: ${String(example)}"`;
}

function list(words: string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
