/** More than LIMIT_LIST matchers under one key. */
export class Crowded extends Error {
  readonly lines: readonly number[];
  constructor(lines: readonly number[]) {
    super(`${lines.length} matchers have one key`);
    this.lines = lines;
  }
}
