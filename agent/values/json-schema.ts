/** The part of JSON Schema that weir's own schemas use. */

import type { Misreading } from "./address.ts";

export type JsonType = "object" | "array" | "string" | "integer" | "boolean";

export interface Schema {
  $ref?: string;
  definitions?: Readonly<Record<string, Schema>>;
  title?: string;
  description?: string;
  type?: JsonType | readonly JsonType[];
  format?: string;
  const?: unknown;
  enum?: readonly string[];
  default?: unknown;
  examples?: readonly unknown[];
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  additionalProperties?: boolean | Schema;
  propertyNames?: Schema;
  items?: Schema;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minProperties?: number;
  maxProperties?: number;
  anyOf?: readonly Schema[];
  not?: Schema;
}

/** The type of a value that a schema allows, with its defaults filled in. The schema is written `as const`. */
export type Valued<S> = S extends { const: infer Value }
  ? Value
  : S extends { enum: readonly (infer Word)[] }
    ? Word
    : S extends { anyOf: readonly (infer Part)[] }
      ? Valued<Part>
      : S extends { type: "array"; items: infer Item }
        ? readonly Valued<Item>[]
        : S extends { type: "object"; properties: infer Properties }
          ? WithKeys<Properties, RequiredIn<S> | DefaultedIn<Properties>>
          : S extends { type: "object" }
            ? Record<string, unknown>
            : S extends { type: "boolean" }
              ? boolean
              : S extends { type: "integer" }
                ? number
                : string;

/** The type of a value that a schema allows, before the defaults are filled in. */
export type Written<S> = S extends { properties: infer Properties } ? WithKeys<Properties, RequiredIn<S>> : Valued<S>;

type RequiredIn<S> = S extends { required: readonly (infer Key)[] } ? Key : never;
type DefaultedIn<Properties> = { [Key in keyof Properties]: Properties[Key] extends { default: unknown } ? Key : never }[keyof Properties];
type WithKeys<Properties, Sure> = { -readonly [Key in keyof Properties as Key extends Sure ? Key : never]: Valued<Properties[Key]> } & {
  -readonly [Key in keyof Properties as Key extends Sure ? never : Key]?: Valued<Properties[Key]>;
};

/** Explains why a text does not have a `format`; undefined if it has. `sets`: names of sets, one of which may be meant. */
export type Format = (value: string, sets?: readonly string[]) => Misreading | undefined;

/** Makes the functions that compiled schemas call: each tells whether a text has the format. */
export function judgesOf(formats: Readonly<Record<string, Format>>): Record<string, (text: string) => boolean> {
  return Object.fromEntries(Object.entries(formats).map(([name, explain]) => [name, (text: string) => explain(text) === undefined]));
}

/** Returns the misreading in a reading; undefined if the reading succeeded. */
export function misreading(reading: object | Misreading): Misreading | undefined {
  return "error" in reading ? (reading as Misreading) : undefined;
}

/** Makes a misreading without a suggestion of a sentence that says what is wrong. */
export function said(error: string | undefined): Misreading | undefined {
  return error === undefined ? undefined : { error };
}
