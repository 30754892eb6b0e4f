/**
 * Compiles JSON Schemas with ajv into the text of a module, so that the agent compiles nothing when it starts, and loads nothing of ajv.
 * The module is JavaScript beside its types, because Node takes longer to strip types than to load it. The formats are functions of the
 * room that uses the module. That room passes them to it.
 */

import { _, Ajv } from "ajv";
import standalone from "ajv/dist/standalone/index.js";
import type { Schema } from "../values/json-schema.ts";

export interface ValidatorSource {
  /** A sentence for the head of the module that says where the schemas are. */
  about: string;
  /** The schemas, by the names of their validators. */
  schemas: Readonly<Record<string, Schema>>;
  /** The names of the formats that the schemas may use. */
  formats: Iterable<string>;
  /** The number of errors, about, after which a validator stops. Without it, a validator stops at the first error. */
  most?: number;
}

/** Keywords that only people and documents read. */
const ANNOTATIONS = ["$schema", "title", "description", "examples"];

const TYPES = `import type { DefinedError } from "ajv";

/** A compiled schema. Its errors are those of the last value that it judged. */
export type Validator = ((value: unknown) => boolean) & { errors?: DefinedError[] | null };`;

const DECLARATION =
  "export declare function validators(formats: Readonly<Record<string, (text: string) => boolean>>): Record<Name, Validator>;";

/** The heads of loops over items of lists and keys of mappings. The number of errors has no other bound than these loops. */
const LOOPS = /\bfor\((?:let|const) [^\n]*\{$/gm;

/** The code with which ajv keeps an error if it looks for more than one. It makes up a sixth of a module. */
const KEPT = /const (err\d+) = (.*);\nif\(vErrors === null\)\{\nvErrors = \[\1\];\n\}\nelse \{\nvErrors\.push\(\1\);\n\}\nerrors\+\+;/g;

export interface ValidatorModule {
  /** The text of its file. */
  code: string;
  /** The text of the file of its types. */
  types: string;
}

export function validatorModule({ about, schemas, formats, most }: ValidatorSource): ValidatorModule {
  const ajv = new Ajv({
    allErrors: most !== undefined,
    strict: true,
    // A keyword stands beside several types where it is about one of them.
    strictTypes: false,
    useDefaults: true,
    messages: false,
    code: { source: true, esm: true, lines: true, optimize: 2, formats: _`formats` },
  });
  countKeysBeforeDefaults(ajv);
  for (const format of formats) ajv.addFormat(format, () => true);
  const names = Object.keys(schemas);
  for (const name of names) ajv.addSchema(withoutAnnotations(schemas[name]!), name);
  const exported = new Map<string, string>();
  const code = standalone
    .default(ajv, Object.fromEntries(names.map((name) => [name, name])))
    .replace('"use strict";', "")
    .replace(/^export const (\w+) = (\w+);$/gm, (_line, name: string, validator: string) => {
      exported.set(name, validator);
      return "";
    });
  const [, needed] = /require\("([^"]*)"\)/.exec(code) ?? [];
  if (needed !== undefined) {
    throw new Error(
      `A schema uses a keyword that needs ${needed} when it is judged: minLength, maxLength, or uniqueItems without the type of the items. Give the items a type, or use a format.`,
    );
  }
  const lines = (most === undefined ? code : bounded(code, most)).split("\n").filter((line) => line !== "" && line !== ";");
  const used = lines.filter((line) => !isUnused(line, code));
  const head = `/** Written by agent/setup/generate-validators.ts with ajv. ${about} */\n\n`;
  const result = names.map((name) => `${name}: ${exported.get(name)}`).join(", ");
  return {
    code: `${head}export function validators(formats) {\n${used.join("\n")}\nreturn { ${result} };\n}\n`,
    types: `${head}${TYPES}\n\nexport type Name = ${names.map((name) => JSON.stringify(name)).join(" | ")};\n\n${DECLARATION}\n`,
  };
}

/**
 * ajv fills in defaults before it counts keys, so that an empty mapping would pass for a full one. A keyword without a type comes first.
 */
function countKeysBeforeDefaults(ajv: Ajv): void {
  ajv.removeKeyword("minProperties").addKeyword({
    keyword: "minProperties",
    schemaType: "number",
    error: { message: "", params: ({ schemaCode }) => _`{limit: ${schemaCode}}` },
    code(cxt) {
      const { data, schemaCode } = cxt;
      cxt.fail(_`${data} && typeof ${data} == "object" && !Array.isArray(${data}) && Object.keys(${data}).length < ${schemaCode}`);
    },
  });
}

/** Ends each loop when there are enough errors, so that garbage does not become a list of garbage. It also shortens how an error is kept. */
function bounded(code: string, most: number): string {
  return code
    .replaceAll(LOOPS, (loop) => `${loop}\nif(errors >= ${most}){break;}`)
    .replaceAll(KEPT, "(vErrors ??= []).push($2);\nerrors++;");
}

/** Tells whether a line defines a schema that no error refers to. */
function isUnused(line: string, code: string): boolean {
  const [, name] = /^const (schema\d+) = /.exec(line) ?? [];
  return name !== undefined && code.split(new RegExp(`\\b${name}\\b`)).length === 2;
}

function withoutAnnotations(schema: Schema): Schema {
  const whole = Object.entries(schema).filter(([keyword]) => !ANNOTATIONS.includes(keyword));
  return Object.fromEntries(whole.map(([keyword, value]) => [keyword, inside(keyword, value)]));
}

/** Removes the annotations of all schemas in the value of a keyword. */
function inside(keyword: string, value: unknown): unknown {
  if (["properties", "definitions"].includes(keyword))
    return Object.fromEntries(Object.entries(value as Record<string, Schema>).map(([key, part]) => [key, withoutAnnotations(part)]));
  if (keyword === "anyOf") return (value as Schema[]).map(withoutAnnotations);
  if (["items", "additionalProperties", "propertyNames", "not"].includes(keyword) && typeof value === "object")
    return withoutAnnotations(value as Schema);
  return value;
}
