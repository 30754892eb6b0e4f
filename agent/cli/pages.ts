/** Requests long lists page by page. */

import { safeJson } from "./format.ts";
import { type Column, table } from "./table.ts";
import { count } from "../values/count.ts";
import { note, print, printed, printWhole } from "./print.ts";
import type { Call, OptionSpec } from "./arguments.ts";
import { PAGE } from "../service/requests/networks.ts";

/** The usual number of rows, and the most, over all pages. */
const SHOWN = 1000;
const MOST = 10_000_000;

export const LIMIT: OptionSpec = { value: PAGE.limit.title, about: `${PAGE.limit.description} (${SHOWN}; with --json all)` };

interface Page<Row> {
  total: number;
  rows: Row[];
  /** The place where the next page begins; absent on the last page. */
  next?: number;
}

export async function* pagesOf<Row>(
  call: Call,
  ask: (page: { limit: number; from?: number }) => Promise<Page<Row>>,
): AsyncGenerator<{ rows: Row[]; total: number; more: boolean }> {
  let from: number | undefined;
  for (let left = call.count("limit", call.has("json") ? MOST : SHOWN, MOST); left > 0; ) {
    const { rows, total, next } = await ask({ limit: Math.min(left, PAGE.limit.maximum), ...(from === undefined ? {} : { from }) });
    yield { rows, total, more: next !== undefined };
    if (next === undefined) return;
    left -= rows.length;
    from = next;
  }
}

/**
 * Shows the rows as a table. `none` is the message if there are no rows; `all` tells whether the total counts the same rows.
 * Returns the exit code.
 */
export async function showPages<Row>(
  pages: AsyncGenerator<{ rows: Row[]; total: number; more: boolean }>,
  columns: readonly Column<Row>[],
  { none, all }: { none: string; all: boolean },
): Promise<number> {
  const shown: Row[] = [];
  let [there, rest] = [0, false];
  for await (const { rows, total, more } of pages) {
    shown.push(...rows);
    [there, rest] = [total, more];
  }
  print(shown.length === 0 ? none : table(shown, columns));
  if (rest) note(`There are more${all ? `, ${count(there)} in all` : ""}. --limit shows more of them, --json all.`);
  return 0;
}

/** Prints the rows as one array of JSON. Returns the exit code. */
export async function printPages<Row>(pages: AsyncGenerator<{ rows: Row[] }>): Promise<number> {
  let before = "[";
  for await (const { rows } of pages) {
    if (rows.length === 0) continue;
    await printed(before + safeJson(rows.map((row) => JSON.stringify(row)).join(",\n")));
    before = ",";
  }
  printWhole(before === "[" ? "[]" : "]");
  return 0;
}
