/** The part of JSON Schema that weir's own schemas use. */

import type { Misreading } from "./address.ts";

export type JsonType = "object" | "array" | "string" | "integer" | "boolean";

export interface Schema {
  $ref?: string;
  title?: string;
  description?: string;
  type?: JsonType | JsonType[];
  format?: string;
  const?: unknown;
  enum?: readonly string[];
  default?: unknown;
  examples?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
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
}

/** Says why text is not of a `format`; undefined where it is. */
export type Format = (value: string) => Misreading | undefined;

/** The part of a reading that is wrong, if it is. */
export function misreading(reading: object | Misreading): Misreading | undefined {
  return "error" in reading ? (reading as Misreading) : undefined;
}

/** A sentence of what is wrong as a misreading without a suggestion. */
export function said(error: string | undefined): Misreading | undefined {
  return error === undefined ? undefined : { error };
}
