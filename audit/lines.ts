/** Reads a file line by line, in memory that does not grow with the file or with a line. */

import type { FileHandle } from "node:fs/promises";
import { LINE_LIMIT } from "./chain.ts";

export interface Line {
  /** One character for each byte, without the newline. It is cut if the line is longer than any line of the log. */
  text: string;
  /** The number of the line, from 1 where reading began. */
  number: number;
  /** The offset of its first byte in the file. */
  offset: number;
  /** False if the file ends before the newline. */
  whole: boolean;
}

const CHUNK = 256 * 1024;

export async function* linesOf(file: FileHandle, from = 0): AsyncGenerator<Line> {
  const chunk = Buffer.allocUnsafe(CHUNK);
  let position = from;
  let offset = from;
  let number = 0;
  let rest = "";
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK, position);
    if (bytesRead === 0) break;
    const text = chunk.toString("latin1", 0, bytesRead);
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      yield { text: rest + text.slice(start, end), number: ++number, offset, whole: true };
      rest = "";
      start = end + 1;
      offset = position + start;
    }
    rest = (rest + text.slice(start)).slice(0, LINE_LIMIT);
    position += bytesRead;
  }
  if (offset < position) yield { text: rest, number: number + 1, offset, whole: false };
}

/** Finds the last whole line before `end` and the start of the next one, without reading the rest of the file. */
export async function lastLine(file: FileHandle, end: number): Promise<{ text: string; next: number } | null> {
  const start = Math.max(0, end - 2 * LINE_LIMIT);
  const bytes = Buffer.allocUnsafe(end - start);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
  const text = bytes.toString("latin1", 0, bytesRead);
  const newline = text.lastIndexOf("\n");
  if (newline === -1) return null;
  const before = newline === 0 ? -1 : text.lastIndexOf("\n", newline - 1);
  return { text: text.slice(before + 1, newline), next: start + newline + 1 };
}
