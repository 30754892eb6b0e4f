/** Explains why a compiled schema refused a request: the place, the mistake, and what to send instead. */

import type { DefinedError } from "ajv";
import type { JsonType, Schema } from "../../values/json-schema.ts";
import { meantBy } from "../../values/meant.ts";
import { nearest } from "../../values/nearest.ts";
import { describeValue, quote } from "../../values/quote.ts";
import { Refusal } from "../../values/refusal.ts";
import { REQUEST_FORMATS } from "./formats.ts";

/** A place in a request, with the value that was sent there and the schema of that place. */
interface Place {
  /** The name of the place, as `networks[3]`; empty if it is the whole request. */
  called: string;
  value: unknown;
  schema: Schema;
  /** Whether the caller may leave the value out. */
  optional: boolean;
}

interface Sentences {
  what: string;
  next: string;
}

/** The number of keys that are compared with a missing key. */
const MOST_LOOKED_AT = 20;

const TYPE_NAMES: Record<Exclude<JsonType, "array">, string> = {
  object: "an object",
  string: "text",
  integer: "a whole number",
  boolean: "true or false",
};

export function refusalOf(schema: Schema, request: unknown, errors: readonly DefinedError[]): Refusal {
  const error = tellingOf(errors);
  const { what, next } = sentencesOf(placeOf(error.instancePath, schema, request), error);
  return new Refusal(what, { kind: "malformed", next });
}

/** Picks the error to explain. If no alternative of a schema fits, it is an error of the alternative that the caller meant. */
function tellingOf(errors: readonly DefinedError[]): DefinedError {
  const last = errors.at(-1)!;
  if (last.keyword !== "anyOf") return last;
  const isMeant = ({ instancePath, keyword }: DefinedError): boolean =>
    instancePath !== last.instancePath || !["type", "const", "enum"].includes(keyword);
  return errors.slice(0, -1).find(isMeant) ?? last;
}

/** Finds a place by its JSON pointer, in the value and in the schema. */
function placeOf(pointer: string, schema: Schema, value: unknown): Place {
  let place: Place = { called: "", value, schema, optional: false };
  for (const step of pointer.split("/").slice(1)) {
    const part = partOf(place.schema, step);
    place = {
      called: Array.isArray(place.value) ? `${place.called}[${step}]` : `${place.called === "" ? "" : `${place.called}.`}${step}`,
      value: (place.value as Record<string, unknown>)[step],
      schema: part.schema,
      optional: part.optional,
    };
  }
  return place;
}

function partOf(schema: Schema, step: string): { schema: Schema; optional: boolean } {
  for (const one of [schema, ...(schema.anyOf ?? [])]) {
    const property = one.properties?.[step];
    if (property !== undefined) return { schema: property, optional: !(one.required ?? []).includes(step) };
    if (one.items !== undefined) return { schema: one.items, optional: false };
  }
  return { schema: {}, optional: false };
}

function sentencesOf(place: Place, error: DefinedError): Sentences {
  const { called, value, schema } = place;
  const whole = called === "" ? "the request" : quote(called);
  switch (error.keyword) {
    case "required":
      return missingKey(error.params.missingProperty, whole, place);
    case "additionalProperties":
      return unknownKey(error.params.additionalProperty, whole, keysOf(schema));
    case "not":
      return { what: `${(schema.not?.required ?? []).map(quote).join(" and ")} do not go together.`, next: "Leave out one of them." };
    case "format": {
      const reading = REQUEST_FORMATS[error.params.format]?.(value as string);
      return { what: `${quote(called)} does not fit: ${reading?.error}.`, next: nextOf(place, reading?.suggestion) };
    }
    case "maxItems":
      return {
        what: `${quote(called)} takes at most ${error.params.limit} at a time, not ${(value as unknown[]).length}.`,
        next: "Send several requests.",
      };
    default:
      if (called === "") return { what: `The request is ${describeValue(value)}, not an object.`, next: "Send one JSON object." };
      return { what: `${quote(called)} takes ${takenBy(schema)}, not ${describeValue(value)}.`, next: nextOf(place) };
  }
}

function missingKey(key: string, whole: string, { value, schema }: Place): Sentences {
  const missing = placeOf(`/${key}`, schema, value);
  const { description } = missing.schema;
  const known = keysOf(schema);
  const others = Object.keys(value as object).slice(0, MOST_LOOKED_AT);
  const misspelt = others.find((other) => !known.includes(other) && nearest(other, [key]) !== undefined);
  return {
    what: `There is no ${quote(key)} in ${whole}${description === undefined ? "" : `: ${description}`}.`,
    next: misspelt === undefined ? nextOf(missing) : `Write ${quote(key)} instead of ${quote(misspelt)}.`,
  };
}

function unknownKey(key: string, whole: string, known: readonly string[]): Sentences {
  const meant = nearest(key, known);
  const all = known.length === 0 ? "Send it without." : `Send no others than ${known.join(", ")}.`;
  return { what: `There is no ${quote(key)} in ${whole}.`, next: `${didYouMean(meant)}${all}` };
}

function keysOf({ properties = {}, anyOf = [] }: Schema): string[] {
  return [...Object.keys(properties), ...anyOf.flatMap(keysOf)];
}

/** Describes what a schema allows. Lists and alternatives have it in their description. */
function takenBy({ type, enum: words, description = "something else", minimum, maximum }: Schema): string {
  if (words !== undefined) return `one of ${words.join(", ")}`;
  if (minimum !== undefined && maximum !== undefined) return `a whole number from ${minimum} to ${maximum}`;
  return typeof type !== "string" || type === "array" ? description : TYPE_NAMES[type];
}

/** Returns the next step: what to send at this place. */
function nextOf({ called, value, schema, optional }: Place, suggestion?: string): string {
  const { enum: words, examples: [example] = [] } = schema;
  const meant = words === undefined || typeof value !== "string" ? suggestion : meantBy(value, words);
  const shown =
    example === undefined || words !== undefined ? ` ${takenBy(schema)}` : `, for example, ${quote(called)}: ${JSON.stringify(example)}`;
  return `${didYouMean(meant)}Send${shown}${optional ? ", or leave it out" : ""}.`;
}

function didYouMean(word: string | undefined): string {
  return word === undefined ? "" : `Did you mean ${quote(word)}? `;
}
