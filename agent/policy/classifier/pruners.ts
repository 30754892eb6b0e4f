/**
 * Bitmaps that say which tables are worth a look-up, by the first bits of an address, by a port, or by the protocol. They may
 * select a table too many, never one too few. probes/decide/search.h reads them with the same hashes.
 */

import { Hash, PrunerKind } from "../../generated/layout.ts";
import type { FamilyName, Form } from "./form.ts";
import { DESTINATION_WORD, type Lines, SOURCE_WORD, WORDS } from "./line.ts";
import type { Table } from "./tables.ts";

const FEWEST_BITS = 6;
const MOST_BITS = 16;

export interface Bitmaps {
  /** Two words: the bits of the tables whose keys do not hold this field. */
  always: [number, number];
  /** The bits of the hash; 0 if there are no bitmaps. */
  bits: number;
  /** The bitmaps, two words each, 2^bits of them. */
  words: Uint32Array;
}

interface PrunedField {
  /** Returns whether keys of this form hold the field. */
  applies(form: Form): boolean;
  value(lines: Lines, line: number): number;
}

const COARSE: Record<FamilyName, number> = { ipv4: 112, ipv6: 48 };
const FINE: Record<FamilyName, number> = { ipv4: 120, ipv6: 64 };

export function makeBitmaps(lines: Lines, family: FamilyName, tables: readonly Table[]): Bitmaps[] {
  const kinds = kindsOf(family);
  return Array.from({ length: PrunerKind.COUNT }, (_, index) => bitmapsOf(kinds[index]!, lines, tables));
}

function kindsOf(family: FamilyName): Record<number, PrunedField> {
  const firstBits =
    (at: number, length: number) =>
    ({ words }: Lines, line: number): number => {
      const first = line * WORDS + at;
      if (family === "ipv4") return words[first + 2]! >>> (128 - length);
      return (Math.imul(words[first + 1]!, Hash.IPV6) + (words[first]! >>> (64 - length))) >>> 0;
    };
  return {
    [PrunerKind.SOURCE_COARSE]: { applies: ({ source }) => source >= COARSE[family], value: firstBits(SOURCE_WORD, COARSE[family]) },
    [PrunerKind.SOURCE_FINE]: { applies: ({ source }) => source >= FINE[family], value: firstBits(SOURCE_WORD, FINE[family]) },
    [PrunerKind.DESTINATION_COARSE]: {
      applies: ({ destination }) => destination >= COARSE[family],
      value: firstBits(DESTINATION_WORD, COARSE[family]),
    },
    [PrunerKind.DESTINATION_FINE]: {
      applies: ({ destination }) => destination >= FINE[family],
      value: firstBits(DESTINATION_WORD, FINE[family]),
    },
    [PrunerKind.SOURCE_PORT]: { applies: ({ sourcePort }) => sourcePort === 16, value: (lines, line) => lines.sourcePortLow(line) },
    [PrunerKind.DESTINATION_PORT]: {
      applies: ({ destinationPort }) => destinationPort === 16,
      value: (lines, line) => lines.destinationPortLow(line),
    },
    [PrunerKind.PROTOCOL]: { applies: ({ protocol }) => protocol, value: (lines, line) => lines.protocolLow(line) },
  };
}

function bitmapsOf({ applies, value }: PrunedField, lines: Lines, tables: readonly Table[]): Bitmaps {
  const always: [number, number] = [0, 0];
  const values = tables.map(({ form, lists: inTable }, table) => {
    const found = new Set<number>();
    if (applies(form)) inTable.forEach((line) => found.add(value(lines, line)));
    else always[table >> 5]! |= 1 << (table & 31);
    return found;
  });
  const most = values.reduce((sum, { size }) => sum + size, 0);
  if (most === 0) return { always: [always[0] >>> 0, always[1] >>> 0], bits: 0, words: new Uint32Array(0) };
  const bits = Math.min(MOST_BITS, Math.max(FEWEST_BITS, Math.ceil(Math.log2(most)) + 1));
  const words = new Uint32Array(2 * 2 ** bits);
  for (const [table, found] of values.entries()) {
    for (const one of found) words[2 * (Math.imul(one, Hash.SCATTER) >>> (32 - bits)) + (table >> 5)]! |= 1 << (table & 31);
  }
  return { always: [always[0] >>> 0, always[1] >>> 0], bits, words };
}
