/** Lists of networks in files: one address, prefix or range a line, # begins a comment. */

import { readNetworks } from "../../config/address.ts";
import { decode, readConfigFile } from "../../config/file.ts";
import { printable } from "../../config/quote.ts";
import { halves } from "./halves.ts";
import { NumberedNetworks } from "./numbered.ts";

export const MOST_LISTED = 1_048_576;

/** A list, or why it cannot be taken, with its place. */
export type ListReading = { networks: NumberedNetworks } | { problem: string };

export async function readList(path: string): Promise<ListReading> {
  const file = await readConfigFile(path);
  if ("refused" in file) return { problem: `${path}: ${file.refused}` };
  const decoded = decode(file.bytes);
  return "refused" in decoded ? { problem: `${path}:${decoded.line}:${decoded.column}: ${decoded.refused}` } : parseList(decoded.text, path);
}

/** All of it or nothing: of a list that is damaged somewhere, nobody knows what else is. */
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
    if ("error" in reading) return { problem: `${name}:${line}: ${reading.error}${reading.suggestion === undefined ? "" : `; did you mean ${printable(reading.suggestion)}?`}` };
    for (const network of reading.networks) for (const part of halves(network)) networks.set(part, 0);
    if (networks.size > MOST_LISTED) return { problem: `${name}:${line}: the list holds more than ${MOST_LISTED} networks; use prefixes instead of single addresses` };
  }
  return { networks };
}
