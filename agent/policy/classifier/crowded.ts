import type { Lines } from "./line.ts";

/** More than LIMIT_LIST matchers under one key. */
export class Crowded extends Error {
  /** Of their rules. */
  readonly orders: readonly number[];
  constructor(lines: Lines, list: readonly number[]) {
    super(`${list.length} matchers have one key`);
    this.orders = [...new Set(list.map((line) => lines.order(line)))];
  }
}
