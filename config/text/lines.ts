/** Lines and columns of offsets, both counted from 1. */

export interface Position {
  line: number;
  column: number;
}

/** Positions of offsets that are in ascending order, in one pass. */
export function positionsOf(text: string, offsets: readonly number[]): Position[] {
  let line = 1;
  let start = 0;
  let next = text.indexOf("\n");
  return offsets.map((offset) => {
    while (next >= 0 && next < offset) {
      line++;
      start = next + 1;
      next = text.indexOf("\n", start);
    }
    return { line, column: offset - start + 1 };
  });
}
