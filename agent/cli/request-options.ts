/** Options that are made from the schema of a request: their names, values, limits and texts. */

import type { Filter } from "../service/filter.ts";
import type { Schema } from "../values/json-schema.ts";
import type { Call, OptionSpec } from "./arguments.ts";

export type Properties = Readonly<Record<string, Schema>>;

/** Makes one option for each key. A boolean key becomes an option without a value. */
export function optionsOf(properties: Properties): Record<string, OptionSpec> {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, optionOf(schema)]));
}

function optionOf({ title = "VALUE", description = "", type, enum: words, default: usual }: Schema): OptionSpec {
  if (type === "boolean") return { about: description };
  const known = words === undefined ? "" : `: ${words.join(", ")}`;
  return { value: title, about: `${description}${known}${usual === undefined ? "" : ` (${String(usual)})`}` };
}

/** Reads the keys that the command line gives. The agent fills in the defaults of the others. */
export function saidOf<const Of extends Properties>(call: Call, properties: Of): Filter<Of> {
  const said = Object.entries(properties).map(([name, schema]) => [name, valueOf(call, name, schema)] as const);
  return Object.fromEntries(said.filter(([, value]) => value !== undefined)) as Filter<Of>;
}

function valueOf(call: Call, name: string, { type, enum: words, minimum = 0, maximum = Number.MAX_SAFE_INTEGER }: Schema): unknown {
  if (type === "boolean") return call.has(name) || undefined;
  if (type === "integer") return call.number(name, { minimum, maximum });
  const text = call.text(name);
  return text === undefined || words === undefined ? text : call.choice(`--${name}`, text, words);
}
