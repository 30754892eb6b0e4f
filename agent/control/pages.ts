/** Long lists, asked for page by page. */

import { safeJson } from "./format.ts";
import { print, printed } from "./print.ts";

const PAGE = 5000;

interface Page<Row> {
  total: number;
  rows: Row[];
  /** Where the next page begins; absent on the last one. */
  next?: number;
}

export async function* pagesOf<Row>(most: number, ask: (limit: number, from: number | undefined) => Promise<Page<Row>>): AsyncGenerator<{ rows: Row[]; total: number; more: boolean }> {
  let from: number | undefined;
  for (let left = most; left > 0; ) {
    const { rows, total, next } = await ask(Math.min(left, PAGE), from);
    yield { rows, total, more: next !== undefined };
    if (next === undefined) return;
    left -= rows.length;
    from = next;
  }
}

/** As one array of JSON. Answers the exit code. */
export async function printPages<Row>(pages: AsyncGenerator<{ rows: Row[] }>): Promise<number> {
  let before = "[";
  for await (const { rows } of pages) {
    if (rows.length === 0) continue;
    await printed(before + safeJson(rows.map((row) => JSON.stringify(row)).join(",\n")));
    before = ",";
  }
  print(before === "[" ? "[]" : "]");
  return 0;
}
