/**
 * The hash chain of the audit log. A line is `TIME #SEQUENCE TEXT ~HASH`. Its hash covers the hash of the line before it, so a
 * line cannot be changed, removed or moved without breaking every later one. The chain is not keyed: anybody who can write as
 * root could build another one. That is why its head is also kept elsewhere (head.ts).
 */

import { hash } from "node:crypto";

export interface ChainLink {
  sequence: number;
  /** The hash, 128 bits in hexadecimal. */
  hash: string;
}

/** The parts of a line. */
export interface SealedLine extends ChainLink {
  /** Everything that the hash covers beside the previous hash. */
  body: string;
}

export interface Entry {
  /** The time in milliseconds since the epoch. */
  time: number;
  text: string;
}

const HASH_DIGITS = 32;

/** The first line of the first file continues this link. */
export const GENESIS: ChainLink = { sequence: 0, hash: "0".repeat(HASH_DIGITS) };

/** No line is longer than this, its newline included. Readers hold no more than this of one line. */
export const LINE_LIMIT = 8192;

const SEALED = /^(\S+ #(\d{1,15}) .*) ~([0-9a-f]{32})$/s;

export function seal(previous: string, body: string): string {
  return hash("sha256", `${previous} ${body}`).slice(0, HASH_DIGITS);
}

/** Adds an entry to the chain. Returns the line to write, without its newline, and the link that the next line continues. */
export function extend(previous: ChainLink, entry: Entry): { line: string; link: ChainLink } {
  const sequence = previous.sequence + 1;
  const body = `${isoTime(entry.time)} #${sequence} ${entry.text}`;
  const hash = seal(previous.hash, body);
  return { line: `${body} ~${hash}`, link: { sequence, hash } };
}

/** Splits a line into its parts; null if it does not have the form of one. The caller checks the hash. */
export function openSeal(line: string): SealedLine | null {
  const match = SEALED.exec(line);
  return match ? { body: match[1]!, sequence: Number(match[2]), hash: match[3]! } : null;
}

export function continues(previous: ChainLink, line: SealedLine): boolean {
  return line.sequence === previous.sequence + 1 && line.hash === seal(previous.hash, line.body);
}

/** Formats a time. A clock can be wrong, but a record is never refused for it: a time that no calendar has is written as the epoch. */
export function isoTime(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000);
  if (second !== formatted.second) {
    const date = new Date(second * 1000);
    if (Number.isNaN(date.getTime())) return new Date(0).toISOString();
    formatted = { second, text: date.toISOString().slice(0, -"000Z".length) };
  }
  return `${formatted.text}${String(Math.floor(milliseconds) - second * 1000).padStart(3, "0")}Z`;
}

/** The last second that was formatted. Thousands of records share a second, and formatting one costs more than a hash. */
let formatted = { second: 0, text: "1970-01-01T00:00:00." };
