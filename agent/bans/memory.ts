/** The tables of bans in the kernel. */

import { parseNetworks } from "../../config/address.ts";
import { BanKey } from "../generated/layout.ts";
import type { DataPlane } from "../kernel/dataplane.ts";
import { KernelError } from "../kernel/errors.ts";
import { BPF_ANY } from "../kernel/maps.ts";
import { BanKeeper } from "./keeper.ts";
import type { BanStore } from "./store.ts";
import { type BanMemory, BansFull, BanTable } from "./table.ts";

export function banMemoryOf(plane: DataPlane): BanMemory {
  const prefixes = plane.map("ban_prefixes");
  return {
    lines: new Uint8Array(plane.map("ban_lines").mmap()),
    root: new Uint8Array(plane.map("ban_root").mmap()),
    prefixes: {
      has: (key) => prefixes.lookup(key) !== undefined,
      update(key, value) {
        try {
          prefixes.update(key, value, BPF_ANY);
        } catch (error) {
          if (error instanceof KernelError && error.errno === "E2BIG") throw new BansFull(`the table of prefixes is full (${prefixes.info.maxEntries}); delete bans, or restart weir, which then makes a larger table for addresses`);
          throw error;
        }
      },
      delete: (key) => prefixes.delete(key),
      clear() {
        for (const _ of prefixes.batches({ remove: true }));
      },
    },
    setFlags: (flags) => plane.setBanFlags(flags),
  };
}

/** Puts the bans that are kept into the tables, and takes out what else an agent before left there. `except`: as in the configuration. */
export function enforceBans(store: BanStore, plane: DataPlane, except: readonly string[]): BanKeeper {
  return new BanKeeper(store, new BanTable(banMemoryOf(plane)), () => bannedPrefixKeys(plane), except.flatMap(parseNetworks));
}

/** Keys of all prefixes that are there. */
function* bannedPrefixKeys(plane: DataPlane): Generator<Uint8Array> {
  for (const { keys, count } of plane.map("ban_prefixes").batches()) {
    for (let i = 0; i < count; i++) yield keys.subarray(i * BanKey.size, (i + 1) * BanKey.size);
  }
}
