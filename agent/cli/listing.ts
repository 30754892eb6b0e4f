/** The common part of commands that list rows by filters: their options, and a limit on the number of rows. */

import type { ProcessReference } from "../observe/events/event.ts";
import type { Filter } from "../service/filter.ts";
import type { Schema } from "../values/json-schema.ts";
import { AGENT_OPTIONS, type Call, JSON_OUTPUT, type OptionSpec } from "./arguments.ts";
import type { ControlClient } from "../api/client.ts";
import { type Column, table } from "./table.ts";
import { count } from "../values/count.ts";
import { clientFor } from "./paths.ts";
import { note, print, printJson } from "./print.ts";
import { optionsOf, type Properties, saidOf } from "./request-options.ts";

/** The part of a schema that all requests for rows have. */
interface RowsRequest {
  properties: Properties & { limit: Schema & { default: number } };
}

export interface Listing<Request extends RowsRequest, Row> {
  request: Request;
  columns: readonly Column<Row>[];
  /** Whether the first or the last of all rows are shown. */
  which: "first" | "last";
  /** The column that --hash adds if a row stands for one process. */
  hash?: Column<Row>;
  ask(client: ControlClient, asked: Filter<Request["properties"]>): Promise<Row[]>;
}

export const HASH: Column<{ process?: ProcessReference }> = {
  title: "SHA256",
  narrow: "middle",
  least: 16,
  value: ({ process }) => process?.hash?.sha256 ?? (process?.hash?.missing === undefined ? "-" : `(${process.hash.missing})`),
};

export function listingOptions({ properties }: RowsRequest): Record<string, OptionSpec> {
  return { ...optionsOf(properties), json: JSON_OUTPUT, ...AGENT_OPTIONS };
}

/** Returns the exit code. */
export async function showListing<Request extends RowsRequest, Row>(
  call: Call,
  { request: { properties }, columns, which, hash, ask }: Listing<Request, Row>,
): Promise<number> {
  const asked = saidOf(call, properties as Request["properties"]);
  const rows = await ask(await clientFor(call), asked);
  if (call.has("json")) printJson(rows);
  else print(table(rows, hash !== undefined && call.has("hash") ? [...columns, hash] : columns));
  const limit = (asked as { limit?: number }).limit ?? properties.limit.default;
  if (rows.length === limit) note(`These are the ${which} ${count(limit)}; there may be more (--limit, or one of the filters).`);
  return 0;
}
