import type { Lines } from "./line.ts";

/** Thrown if more than LIMIT_LIST matchers have the same key. */
export class Crowded extends Error {
  /** The orders of the rules of these matchers. */
  readonly orders: readonly number[];
  constructor(lines: Lines, list: readonly number[]) {
    super(`${list.length} matchers have one key`);
    this.orders = [...new Set(list.map((line) => lines.order(line)))];
  }
}
