/** Filters of rows. Each filter has a schema, which is a part of the schema of its request, and a test of a row. */

import { formatAddress, readAddress } from "../values/address.ts";
import type { Schema, Valued } from "../values/json-schema.ts";
import type { Endpoint } from "../values/traffic.ts";

export type Filters = Readonly<Record<string, Schema>>;
export type Filter<Of> = { -readonly [Field in keyof Of]?: Valued<Of[Field]> };
export type Tests<Row, Of> = { readonly [Field in keyof Of]: (row: Row, wanted: Valued<Of[Field]>) => boolean };

export function matches<Row, Of>(tests: Tests<Row, Of>, row: Row, filter: Filter<Of>): boolean {
  return (Object.keys(tests) as (keyof Of)[]).every((field) => {
    const wanted = filter[field];
    return wanted === undefined || tests[field](row, wanted);
  });
}

/** Tells whether an end has this address. An IPv6 address may be written in any form. */
export function isAt(end: Endpoint | undefined, wanted: string): boolean {
  if (end === undefined || end.address === wanted) return end !== undefined;
  const read = wanted.includes(":") ? readAddress(wanted) : undefined;
  return read !== undefined && "bytes" in read && end.address === formatAddress(read.bytes);
}
