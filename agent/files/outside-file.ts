/**
 * Reads files whose path or content comes from outside: regular files only, and only up to a size. They are opened with
 * O_NONBLOCK, so that a pipe in the place of a file does not block the reader until somebody writes.
 */

import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** Thrown where the path leads to something that is never read. The message is a clause, such as "this is a pipe, not a file". */
export class NotReadable extends Error {
  override name = "NotReadable";
}

/** Reads the whole file and its status. It throws NotReadable, or the system's own error. */
export async function readOutside(path: string, largest: number): Promise<{ bytes: Buffer; stats: Stats }> {
  await using file = await open(path, FLAGS);
  const stats = await file.stat();
  refuseUnlessReadable(stats, largest);
  return { bytes: await contentOf(file, stats.size), stats };
}

/** Reads a file of weir's own state directory synchronously, while nothing else runs yet. */
export function readOutsideNow(path: string, largest: number): Buffer {
  const file = openSync(path, FLAGS);
  try {
    const { size } = refuseUnlessReadable(fstatSync(file), largest);
    const bytes = Buffer.allocUnsafe(size);
    let length = 0;
    for (let read = 1; read > 0 && length < size; length += read) read = readSync(file, bytes, length, size - length, length);
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

async function contentOf(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(bytes, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

function refuseUnlessReadable(stats: Stats, largest: number): Stats {
  if (!stats.isFile()) throw new NotReadable(`this is ${kindOf(stats)}, not a file`);
  if (stats.size > largest)
    throw new NotReadable(`the file has ${inMegabytes(stats.size)} MB; at most ${inMegabytes(largest)} MB are read`);
  return stats;
}

function inMegabytes(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a directory";
  if (stats.isFIFO()) return "a pipe";
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return "a device";
  return "something else";
}
