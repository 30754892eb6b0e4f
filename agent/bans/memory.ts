/** The tables of bans in the kernel. */

import { BanKey } from "../generated/layout.ts";
import type { DataPlane } from "../kernel/dataplane.ts";
import { BPF_ANY } from "../kernel/maps.ts";
import type { BanMemory } from "./table.ts";

export function banMemoryOf(plane: DataPlane): BanMemory {
  const prefixes = plane.map("ban_prefixes");
  return {
    lines: new Uint8Array(plane.map("ban_lines").mmap()),
    root: new Uint8Array(plane.map("ban_root").mmap()),
    prefixes: {
      has: (key) => prefixes.lookup(key) !== undefined,
      update: (key, value) => prefixes.update(key, value, BPF_ANY),
      delete: (key) => prefixes.delete(key),
    },
    setFlags: (flags) => plane.setBanFlags(flags),
  };
}

/** Keys of all prefixes that are there. */
export function* bannedPrefixKeys(plane: DataPlane): Generator<Uint8Array> {
  for (const { keys, count } of plane.map("ban_prefixes").batches()) {
    for (let i = 0; i < count; i++) yield keys.subarray(i * BanKey.size, (i + 1) * BanKey.size);
  }
}
