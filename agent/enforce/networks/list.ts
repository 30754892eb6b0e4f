/** Reads lists of networks from files: one address, prefix or range on each line; # begins a comment. */

import { constants } from "node:fs";
import { open, rename } from "node:fs/promises";

import { readNetworks } from "../../values/address.ts";
import { decode, readConfigFile } from "../../files/file.ts";
import { printable } from "../../values/quote.ts";
import { halves } from "./halves.ts";
import { NumberedNetworks } from "./numbered.ts";

export const MOST_LISTED = 1_048_576;

/** A list, or the reason why it cannot be used, with its place. */
export type ListReading = ListRead | { problem: string };

export interface ListRead {
  networks: NumberedNetworks;
  /** The reason why the copy could not be kept. */
  notKept?: string;
}

/** `keepAs` is the path for a copy of a good list. */
export async function readList(path: string, keepAs?: string): Promise<ListReading> {
  const file = await readConfigFile(path);
  if ("refused" in file) return { problem: `${path}: ${file.refused}` };
  const decoded = decode(file.bytes);
  if ("refused" in decoded) return { problem: `${path}:${decoded.line}:${decoded.column}: ${decoded.refused}` };
  const reading = parseList(decoded.text, path);
  if (keepAs === undefined || "problem" in reading) return reading;
  const notKept = await keep(decoded.text, path, keepAs).catch((error: Error) => error.message);
  return { ...reading, ...(notKept === undefined ? {} : { notKept }) };
}

/** Returns when a list that was read from this file was kept there, in milliseconds since the epoch; undefined if it was not. */
export async function timeKept(keptAs: string, path: string): Promise<number | undefined> {
  try {
    await using file = await open(keptAs, constants.O_RDONLY | constants.O_NONBLOCK);
    const expected = Buffer.from(headOf(path));
    const { buffer, bytesRead } = await file.read(Buffer.alloc(expected.length), 0, expected.length, 0);
    return bytesRead === expected.length && buffer.equals(expected) ? (await file.stat()).mtimeMs : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the copy whole or not at all, also if the machine loses power. */
async function keep(text: string, path: string, keepAs: string): Promise<undefined> {
  const temporary = `${keepAs}.new`;
  {
    await using file = await open(temporary, "w", 0o600);
    await file.writeFile(headOf(path) + text);
    await file.sync();
  }
  await rename(temporary, keepAs);
}

function headOf(path: string): string {
  return `# as read from ${path}\n`;
}

/** Reads all of it or nothing. If a list is damaged somewhere, nobody knows what else is wrong with it. */
export function parseList(text: string, name: string): ListReading {
  const networks = new NumberedNetworks();
  let line = 0;
  for (let from = 0; from < text.length; ) {
    line++;
    const newline = text.indexOf("\n", from);
    const end = newline < 0 ? text.length : newline;
    const whole = text.slice(from, end);
    const comment = whole.indexOf("#");
    const entry = (comment < 0 ? whole : whole.slice(0, comment)).trim();
    from = end + 1;
    if (entry === "") continue;
    const reading = readNetworks(entry);
    if ("error" in reading)
      return {
        problem: `${name}:${line}: ${reading.error}${reading.suggestion === undefined ? "" : `; did you mean ${printable(reading.suggestion)}?`}`,
      };
    for (const network of reading.networks) for (const part of halves(network)) networks.set(part, 0);
    if (networks.size > MOST_LISTED)
      return { problem: `${name}:${line}: the list holds more than ${MOST_LISTED} networks; use prefixes instead of single addresses` };
  }
  return { networks };
}
