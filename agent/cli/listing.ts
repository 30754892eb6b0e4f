/** The common part of commands that show rows by filters: their options, and a limit on the number of rows. */

import type { ProcessReference } from "../observe/events/event.ts";
import { AGENT_OPTIONS, type Call, JSON_OUTPUT, type OptionSpec } from "./arguments.ts";
import type { ControlClient } from "../api/client.ts";
import { type Filter, filterFrom } from "../service/filter.ts";
import { type Column, table } from "./table.ts";
import { count } from "../values/count.ts";
import { clientFor } from "./paths.ts";
import { note, print, printJson } from "./print.ts";

const MOST = 10_000;

export interface Listing<Field extends string, Row> {
  filters: Record<Field, OptionSpec>;
  /** The number of rows if the command line does not give one. */
  usual: number;
  columns: readonly Column<Row>[];
  /** Whether the first or the last of all rows are shown. */
  which: "first" | "last";
  /** The column that --hash adds if a row stands for one process. */
  hash?: Column<Row>;
  ask(client: ControlClient, filter: Filter<Field>, limit: number, hash: boolean): Promise<Row[]>;
}

export const HASH: Column<{ process?: ProcessReference }> = {
  title: "SHA256",
  narrow: "middle",
  least: 16,
  value: ({ process }) => process?.hash?.sha256 ?? (process?.hash?.missing === undefined ? "-" : `(${process.hash.missing})`),
};

export function listingOptions({
  filters,
  usual,
  hash,
}: Pick<Listing<string, never>, "filters" | "usual" | "hash">): Record<string, OptionSpec> {
  const hashed = hash === undefined ? {} : { hash: { about: "with the hash of the file that each process runs" } };
  return { ...filters, ...hashed, limit: { value: "N", about: `at most so many (${usual})` }, json: JSON_OUTPUT, ...AGENT_OPTIONS };
}

/** Returns the exit code. */
export async function showListing<Field extends string, Row>(
  call: Call,
  { filters, usual, columns, which, hash, ask }: Listing<Field, Row>,
): Promise<number> {
  const filter: Filter<string> = filterFrom(Object.keys(filters), (field) =>
    filters[field as Field].value === undefined ? (call.has(field) ? "true" : undefined) : call.text(field),
  );
  if (filter["direction"] !== undefined) filter["direction"] = call.choice("--direction", filter["direction"], ["ingress", "egress"]);
  const limit = call.count("limit", usual, MOST);
  const rows = await ask(await clientFor(call), filter as Filter<Field>, limit, call.has("hash"));
  if (call.has("json")) printJson(rows);
  else print(table(rows, hash !== undefined && call.has("hash") ? [...columns, hash] : columns));
  if (rows.length === limit) note(`These are the ${which} ${count(limit)}; there may be more (--limit, or one of the filters).`);
  return 0;
}
