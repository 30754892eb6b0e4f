/** What all schemas of requests have in common. */

import type { Schema } from "../../values/json-schema.ts";

/** An object with these keys and no others. A misspelt key must not widen what is asked for. */
export function requestOf<const Properties extends Readonly<Record<string, Schema>>, const Required extends readonly string[] = []>(
  description: string,
  properties: Properties,
  required: Required = [] as unknown as Required,
) {
  return { description, type: "object", additionalProperties: false, required, properties } as const satisfies Schema;
}

/** How many rows come, where the caller does not say. */
export function limitOf<const Usual extends number, const Most extends number>(usual: Usual, most: Most) {
  return { title: "N", description: "at most so many", type: "integer", minimum: 1, maximum: most, default: usual } as const;
}
