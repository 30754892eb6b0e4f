/**
 * The head of the log: its last record when it was last written to the disk, kept outside of it. The chain alone cannot show that
 * its end was cut off or that an old copy was put in its place; the head can. It is written after the records that it names are
 * on the disk, so after a crash the log may be ahead of its head, but never behind.
 */

import { constants } from "node:fs";
import { open, rename } from "node:fs/promises";
import { readOutside } from "../agent/files/outside-file.ts";
import type { ChainLink } from "./chain.ts";
import { codeOf, syncFolder } from "./file.ts";

export interface Head extends ChainLink {
  /** The file with the record, and the file's size after it. */
  device: number;
  inode: number;
  size: number;
  /** The first record that has not been rotated away. */
  oldest: number;
  /**
   * The number of lines in the chain of copied actions: see actions.ts. Absent in the heads of those copies, and of logs that are
   * older than copies.
   */
  actions?: number;
}

/** A head is one line, so a larger file is none. */
const LARGEST_HEAD = 64 * 1024;

/** Returns null if there is none. Throws if it cannot be read or makes no sense. */
export async function readHead(path: string): Promise<Head | null> {
  let text: string;
  try {
    text = (await readOutside(path, LARGEST_HEAD)).bytes.toString();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
  const head = parse(text);
  if (!head) throw new SyntaxError(`${path} is not a head of an audit log`);
  return head;
}

export async function writeHead(path: string, head: Head): Promise<void> {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const draft = `${path}.new`;
  const file = await open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(`${JSON.stringify(head)}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncFolder(path);
}

function parse(text: string): Head | null {
  let value: Partial<Head> | null;
  try {
    value = JSON.parse(text) as Partial<Head> | null;
  } catch {
    return null;
  }
  const numbers = [value?.sequence, value?.device, value?.inode, value?.size, value?.oldest, value?.actions ?? 0];
  const sane = numbers.every((number) => Number.isInteger(number) && number! >= 0) && /^[0-9a-f]{32}$/.test(value?.hash ?? "");
  return sane ? (value as Head) : null;
}
