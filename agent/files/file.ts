/** Reads a configuration file as text, or explains in one sentence why it cannot be read. */

import { isUtf8 } from "node:buffer";
import type { Stats } from "node:fs";
import { NotReadable, readOutside } from "./outside-file.ts";
import { printable } from "../values/quote.ts";

export const LARGEST_FILE = 64 * 1024 * 1024;
export const NO_SUCH_FILE = "no such file";

export type FileReading = { bytes: Buffer; stats: Stats } | { refused: string };

export async function readConfigFile(path: string): Promise<FileReading> {
  try {
    return await readOutside(path, LARGEST_FILE);
  } catch (error) {
    return { refused: explain(error as NodeJS.ErrnoException) };
  }
}

export type TextReading = { text: string } | { refused: string; line: number; column: number };

/** Decodes the text of a file without its byte order mark. */
export function decode(bytes: Buffer): TextReading {
  if (bytes.length > 1 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))) {
    return { refused: "this is UTF-16; save the file as UTF-8", line: 1, column: 1 };
  }
  if (!isUtf8(bytes)) return { refused: "this is not UTF-8; save the file as UTF-8", ...firstInvalid(bytes) };
  const text = bytes.toString("utf8");
  return { text: text.startsWith("\ufeff") ? text.slice(1) : text };
}

/** In UTF-8 only the newline itself contains the byte of a newline, so each line can be tried on its own. */
function firstInvalid(bytes: Buffer): { line: number; column: number } {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    if (!isUtf8(bytes.subarray(start, end))) return { line, column: validPrefix(bytes.subarray(start, end)) + 1 };
    start = end;
  }
  return { line, column: 1 };
}

function validPrefix(line: Buffer): number {
  const text = line.toString("utf8");
  const written = Buffer.from(text);
  let same = 0;
  while (same < line.length && line[same] === written[same]) same++;
  return line
    .subarray(0, same)
    .toString("utf8")
    .replace(/\ufffd+$/, "").length;
}

function explain(error: NodeJS.ErrnoException): string {
  if (error instanceof NotReadable) return error.message;
  const { code, message } = error;
  switch (code) {
    case "ENOENT":
      return NO_SUCH_FILE;
    case "EACCES":
    case "EPERM":
      return "the file cannot be read by this user; run as root or change its permissions";
    case "ELOOP":
      return "the symbolic link leads to itself";
    case "ENOTDIR":
      return "a part of the path is a file, not a directory";
    case "ENXIO":
      return "this is a socket or a device without a driver, not a file";
    default:
      return `the file cannot be read: ${printable(message, 200)}`;
  }
}
