/** Parts that the schemas of requests share. */

import type { Schema } from "../../values/json-schema.ts";

/** Makes the schema of an object with these keys and no others: a misspelt filter must not widen a request. */
export function requestOf<const Properties extends Readonly<Record<string, Schema>>, const Required extends readonly string[] = []>(
  description: string,
  properties: Properties,
  required: Required = [] as unknown as Required,
) {
  return { description, type: "object", additionalProperties: false, required, properties } as const satisfies Schema;
}

/** Makes the schema of a limit on rows. `usual` is its default. */
export function limitOf<const Usual extends number, const Most extends number>(usual: Usual, most: Most) {
  return { title: "N", description: "at most so many", type: "integer", minimum: 1, maximum: most, default: usual } as const;
}
