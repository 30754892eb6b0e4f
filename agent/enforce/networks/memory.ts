/** The tables of networks in the kernel. */

import { NetworkLine } from "../../generated/layout.ts";
import { KernelError } from "../../kernel/errors.ts";
import { BPF_ANY, type BpfMap } from "../../kernel/maps.ts";
import { type NetworkMemory, TableFull } from "./table.ts";

const ENTRIES_A_LINE = NetworkLine.length.count;
const LEAST_LINES = 32_768;
const MOST_LINES = 524_288;
/** The number of lines is multiplied by this, because making more of them takes a second. */
const STEP = 4;
/** If more of the entries are used, lines overflow into the table of prefixes, which costs every packet more. */
const FILLED = 0.6;

/** Returns the number of lines for this many networks, with room for more; a power of two. */
export function linesFor(networks: number): number {
  let lines = LEAST_LINES;
  while (lines < MOST_LINES && networks > lines * ENTRIES_A_LINE * FILLED) lines *= STEP;
  return lines;
}

/** The user of three tables: bans or sets. */
export type NetworkUse = "ban" | "set";

export function lineMemoryOf(map: BpfMap): Uint8Array {
  return new Uint8Array(map.mmap(), 0, map.info.maxEntries * NetworkLine.size);
}

export function networkMemoryOf(map: (name: string) => BpfMap, whose: NetworkUse, grow?: NetworkMemory["grow"]): NetworkMemory {
  const [lines, prefixes] = [map(`${whose}_lines`), map(`${whose}_prefixes`)];
  return {
    lines: lineMemoryOf(lines),
    root: new Uint8Array(map(`${whose}_root`).mmap()),
    prefixes: {
      get: (key) => prefixes.lookup(key),
      update(key, value) {
        try {
          prefixes.update(key, value, BPF_ANY);
        } catch (error) {
          if (!(error instanceof KernelError) || error.errno !== "E2BIG") throw error;
          throw new TableFull(`the table of prefixes is full (${prefixes.info.maxEntries}); delete some`);
        }
      },
      delete: (key) => prefixes.delete(key),
      clear() {
        for (const _ of prefixes.batches({ remove: true }));
      },
      entries: () => prefixes.entries(),
    },
    ...(grow === undefined ? {} : { grow }),
  };
}
