/** Long lists, asked for page by page. */

import { safeJson } from "./format.ts";
import { type Column, table } from "./table.ts";
import { count } from "../values/count.ts";
import { note, print, printed, printWhole } from "./print.ts";

const PAGE = 5000;

interface Page<Row> {
  total: number;
  rows: Row[];
  /** Where the next page begins; absent on the last one. */
  next?: number;
}

export async function* pagesOf<Row>(
  most: number,
  ask: (limit: number, from: number | undefined) => Promise<Page<Row>>,
): AsyncGenerator<{ rows: Row[]; total: number; more: boolean }> {
  let from: number | undefined;
  for (let left = most; left > 0; ) {
    const { rows, total, next } = await ask(Math.min(left, PAGE), from);
    yield { rows, total, more: next !== undefined };
    if (next === undefined) return;
    left -= rows.length;
    from = next;
  }
}

/** As a table. `none`: what is said where there are no rows; `all`: whether the total says how many there are of these. Answers the exit code. */
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

/** As one array of JSON. Answers the exit code. */
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
