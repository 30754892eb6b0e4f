/** Strings in the code of RFC 7541, appendix B. */

import { NotDecided } from "../../undecided.ts";

/** The length in bits of the code of each byte, and last that of the end. Codes of one length follow one another in the order of the bytes. */
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10,
  12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7,
  7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22,
  23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22,
  23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20,
  24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];
const END = 256;
const LONGEST = 30;

const SYMBOLS = [...LENGTHS.keys()].sort((one, other) => LENGTHS[one]! - LENGTHS[other]! || one - other);

/** By length: the first code, how many there are, and the place of the first in SYMBOLS. */
const BY_LENGTH = (() => {
  const groups = [{ first: 0, count: 0, place: 0 }];
  for (let length = 1; length <= LONGEST; length++) {
    const { first, count, place } = groups[length - 1]!;
    groups.push({ first: (first + count) * 2, count: LENGTHS.filter((one) => one === length).length, place: place + count });
  }
  return groups;
})();

export function decodeHuffman(bytes: Uint8Array): string {
  const decoded: number[] = [];
  let [code, length] = [0, 0];
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1);
      const { first, count, place } = BY_LENGTH[++length]!;
      if (code - first >= count) continue;
      const symbol = SYMBOLS[place + code - first]!;
      if (symbol === END) throw new NotDecided("malformed");
      decoded.push(symbol);
      [code, length] = [0, 0];
    }
  }
  // The rest of the last byte is the beginning of the code of the end, which has only ones.
  if (length > 7 || code !== 2 ** length - 1) throw new NotDecided("malformed");
  return Buffer.from(decoded).toString("latin1");
}
