/** Lists and whole vectors of TLS. */

import { Cursor } from "../../cursor.ts";

/** Reads a vector of numbers. */
export function numbersIn(vector: Uint8Array, size: 1 | 2): number[] {
  const list = new Cursor(vector);
  const numbers: number[] = [];
  while (list.left > 0) numbers.push(list.number(size));
  return numbers;
}

/** Reads all of these bytes; `none` if there are none. */
export function read<Value>(bytes: Uint8Array | undefined, none: Value, how: (cursor: Cursor) => Value): Value {
  if (bytes === undefined) return none;
  const cursor = new Cursor(bytes);
  const value = how(cursor);
  cursor.done();
  return value;
}
