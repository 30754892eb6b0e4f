/** Names as DNS messages write them. */

import { NotDecided } from "../../undecided.ts";

const POINTER = 0xc0;
const LONGEST_NAME = 255;
const BACKSLASH = 0x5c;
const DOT = 0x2e;

/**
 * Reads a name. A dot or a backslash inside a label, and every byte that cannot be printed, is written as \DDD, so that no name looks like
 * another one. A pointer has to lead to bytes before the name, or before the pointer that led there: so no name has a loop.
 */
export function readName(message: Buffer, at: number): { name: string; end: number } {
  const labels: string[] = [];
  let end: number | undefined;
  let length = 1;
  for (let place = at, before = at; ; ) {
    const size = message[place];
    if (size === undefined) throw new NotDecided("malformed");
    if ((size & POINTER) === POINTER) {
      if (place + 1 >= message.length) throw new NotDecided("malformed");
      end ??= place + 2;
      place = message.readUInt16BE(place) & 0x3fff;
      if (place >= before) throw new NotDecided("malformed");
      before = place;
      continue;
    }
    if ((size & POINTER) !== 0) throw new NotDecided("malformed");
    if (size === 0) return { name: labels.join("."), end: end ?? place + 1 };
    length += 1 + size;
    if (length > LONGEST_NAME || place + size >= message.length) throw new NotDecided("malformed");
    labels.push(labelOf(message.subarray(place + 1, place + 1 + size)));
    place += 1 + size;
  }
}

/** Writes a byte as zone files do. */
export function escaped(byte: number): string {
  return `\\${String(byte).padStart(3, "0")}`;
}

function labelOf(bytes: Uint8Array): string {
  let label = "";
  for (const byte of bytes)
    label += byte > 0x20 && byte < 0x7f && byte !== DOT && byte !== BACKSLASH ? String.fromCharCode(byte) : escaped(byte);
  return label.toLowerCase();
}
