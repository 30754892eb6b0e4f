/** The reference of all keys in config/README.md, written from the schema. Run by itself, it brings that page up to date. */

import { join } from "node:path";
import { embed, embedInPage } from "./embed.ts";
import { resolve, ROOT, RULE } from "./schema.ts";
import type { Schema } from "./schema.ts";

interface Row {
  key: string;
  schema: Schema;
  required: boolean;
}

export const PAGE = join(import.meta.dirname, "README.md");
const MARKER = "configuration reference";
const HEAD = ["| Key | Value | Default | Meaning |", "|---|---|---|---|"];

export function configReference(): string {
  const file = rowsOf(ROOT, "").filter(({ key }) => !key.startsWith("rules["));
  return [
    "### The file",
    "",
    ...HEAD,
    ...file.map(line),
    "",
    "### A rule",
    "",
    "Keys of the entries of `rules`.",
    "",
    ...HEAD,
    ...rowsOf(RULE, "").map(line),
    "",
  ].join("\n");
}

/** The text with the reference between its two markers. */
export function embedReference(text: string): string {
  return embed(text, MARKER, configReference());
}

/** Every key below a schema; mappings that hold named keys are told by those keys. */
function rowsOf(schema: Schema, before: string): Row[] {
  const { properties = {}, required = [] } = resolve(schema);
  return Object.entries(properties).flatMap(([name, property]) => {
    const part = resolve(property);
    const row = { key: before + name, schema: part, required: required.includes(name) };
    if (part.properties !== undefined) return [...(part.types.length > 1 ? [row] : []), ...rowsOf(part, `${row.key}.`)];
    if (typeof part.additionalProperties === "object") {
      const named = rowsOf(part.additionalProperties, `${row.key}.NAME.`);
      if (named.length > 0) return [row, ...named];
    }
    const inner = resolve(part.items ?? {});
    return inner.properties === undefined ? [row] : [row, ...rowsOf(inner, `${row.key}[].`)];
  });
}

function line({ key, schema, required }: Row): string {
  const initial = required ? "required" : schema.default === undefined ? "" : code(schema.default);
  const example = exampleOf(schema);
  const meaning = example === undefined ? schema.description : `${schema.description} Example: ${code(example)}`;
  return `| ${[code(key), valuesOf(schema), initial, meaning].map(cell).join(" | ")} |`;
}

/** One that shows something: not a word that stands among the values anyway. */
function exampleOf(schema: Schema): unknown {
  const plain = schema.enum !== undefined || schema.const !== undefined || schema.type === "boolean";
  return plain ? undefined : schema.examples?.[0];
}

function valuesOf(schema: Schema): string {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  if (schema.items !== undefined) return `list of ${valuesOf(resolve(schema.items))}`;
  const range = schema.minimum === undefined ? "" : ` ${schema.minimum} to ${schema.maximum}`;
  return resolve(schema)
    .types.map((type) => wordFor(type) + (type === "integer" ? range : ""))
    .join(" or ");
}

function wordFor(type: string): string {
  const words: Record<string, string> = { string: "text", integer: "number", boolean: "`true`, `false`", object: "mapping" };
  return words[type] ?? type;
}

function code(value: unknown): string {
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

function cell(text: string | undefined): string {
  return (text ?? "").replaceAll("|", "\\|");
}

if (import.meta.main) embedInPage(PAGE, MARKER, configReference());
