/** Prints tables for people. A script gets whole values; on a terminal the table is made to fit. */

import { printable } from "../values/quote.ts";
import { folded, shortened, terminalWidth, widthOf } from "./terminal.ts";

const LONGEST_CELL = 4096;
const LEAST_CELL = 8;
const GAP = 2;
/** An address with its port gets no narrower than this: 198.51.100.7:40000 fits. */
export const ENDPOINT_WIDTH = 18;

export interface Column<Row> {
  title: string;
  value: (row: Row) => string;
  /** A shorter form for terminals. */
  brief?: (row: Row) => string;
  /** True if the column is aligned to the right, as numbers are. */
  right?: boolean;
  /** How a cell gets narrower: cut at its end or in its middle, or broken between words into several lines. */
  narrow?: "end" | "middle" | "lines";
  /** The least width of the column. */
  least?: number;
  /** If the columns do not fit together, the one with the highest rank is left out first. A column without a rank always stays. */
  rank?: number;
}

interface Fitted<Row> {
  column: Column<Row>;
  cells: string[];
  width: number;
  least: number;
}

/** Aligns the columns, with two spaces between them. Cells come from outside, so control characters are removed. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width = terminalWidth()): string[] {
  const all = columns.map((column) => fitted(column, rows, width === undefined ? column.value : (column.brief ?? column.value)));
  if (width === undefined) return linesOf(all, rows.length);
  const telling = all.filter(
    ({ column, cells }) => rows.length === 0 || column.rank === undefined || cells.some((cell) => cell !== "" && cell !== "-"),
  );
  const kept = leaveOut(telling, width);
  shrink(kept, width);
  const missing = telling
    .filter((one) => !kept.includes(one))
    .map(({ column }) => column.title)
    .filter((title) => title !== "");
  const note = missing.length === 0 ? [] : folded(`Left out: ${missing.join(", ")}. A wider terminal shows more, --json all.`, width);
  return [...linesOf(kept, rows.length), ...note];
}

function fitted<Row>(column: Column<Row>, rows: readonly Row[], text: (row: Row) => string): Fitted<Row> {
  const cells = rows.map((row) => printable(text(row), LONGEST_CELL));
  const width = cells.reduce((most, cell) => Math.max(most, widthOf(cell)), widthOf(column.title));
  const least = column.narrow === undefined ? width : Math.min(width, Math.max(column.least ?? LEAST_CELL, widthOf(column.title)));
  return { column, cells, width, least };
}

/** Returns the columns that fit beside each other at their least width. */
function leaveOut<Row>(all: readonly Fitted<Row>[], width: number): Fitted<Row>[] {
  const kept = [...all];
  while (sum(kept.map(({ least }) => least)) + GAP * (kept.length - 1) > width) {
    const worst = Math.max(...kept.map(({ column }) => column.rank ?? 0));
    if (worst === 0) break;
    kept.splice(
      kept.findLastIndex(({ column }) => column.rank === worst),
      1,
    );
  }
  return kept;
}

/** Narrows the widest columns that allow it, until all fit. */
function shrink<Row>(kept: readonly Fitted<Row>[], width: number): void {
  for (let over = sum(kept.map((one) => one.width)) + GAP * (kept.length - 1) - width; over > 0; over--) {
    const giving = kept.filter((one) => one.width > one.least);
    const last = kept.filter(({ column, width: own }) => column.narrow !== undefined && own > 1);
    const widest = (giving.length > 0 ? giving : last).reduce<Fitted<Row> | undefined>(
      (most, one) => (most === undefined || one.width > most.width ? one : most),
      undefined,
    );
    if (widest === undefined) return;
    widest.width--;
  }
}

function linesOf<Row>(columns: readonly Fitted<Row>[], rows: number): string[] {
  const title = joined(
    columns,
    columns.map(({ column, width }) => [shortened(column.title, width)]),
  );
  return [
    title,
    ...Array.from({ length: rows }, (_, row) =>
      joined(
        columns,
        columns.map((one) => cellLines(one, row)),
      ),
    ),
  ].flat();
}

function cellLines<Row>({ column: { narrow }, cells, width }: Fitted<Row>, row: number): string[] {
  const cell = cells[row]!;
  if (narrow !== "lines") return [shortened(cell, width, narrow)];
  return folded(cell, width, 0).map((line) => shortened(line, width, "middle"));
}

/** Joins the cells of a row, on as many lines as its longest cell needs. */
function joined<Row>(columns: readonly Fitted<Row>[], cells: readonly string[][]): string[] {
  return Array.from({ length: Math.max(1, ...cells.map((lines) => lines.length)) }, (_, line) =>
    cells
      .map((lines, index) => {
        const cell = lines[line] ?? "";
        const room = " ".repeat(Math.max(0, columns[index]!.width - widthOf(cell)));
        return columns[index]!.column.right === true ? room + cell : cell + room;
      })
      .join(" ".repeat(GAP))
      .trimEnd(),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
