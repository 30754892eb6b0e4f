/** Which rows a command shows. The same filter serves its flags, the query string and the agent. */

import { formatAddress, readAddress } from "../values/address.ts";
import type { Endpoint } from "../values/traffic.ts";

export type Tests<Row, Field extends string> = Record<Field, (row: Row, wanted: string) => boolean>;
/** How the value of each field is called, and what the field does. */
export type FilterTexts<Field extends string> = Record<Field, { value: string; about: string }>;
export type Filter<Field extends string> = Partial<Record<Field, string>>;

export function matches<Row, Field extends string>(tests: Tests<Row, Field>, row: Row, filter: Filter<Field>): boolean {
  return fieldsOf(tests).every((field) => {
    const wanted = filter[field];
    return wanted === undefined || tests[field](row, wanted);
  });
}

/** However an IPv6 address is written. */
export function isAt(end: Endpoint | undefined, wanted: string): boolean {
  if (end === undefined || end.address === wanted) return end !== undefined;
  const read = wanted.includes(":") ? readAddress(wanted) : undefined;
  return read !== undefined && "bytes" in read && end.address === formatAddress(read.bytes);
}

export function fieldsOf<Field extends string>(tests: Tests<never, Field>): Field[] {
  return Object.keys(tests) as Field[];
}

/** `ask` answers what is wanted of a field, if anything. */
export function filterFrom<Field extends string>(
  fields: readonly Field[],
  ask: (field: Field) => string | null | undefined,
): Filter<Field> {
  const filter: Filter<Field> = {};
  for (const field of fields) {
    const wanted = ask(field);
    if (wanted != null) filter[field] = wanted;
  }
  return filter;
}
