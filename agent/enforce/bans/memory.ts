/** The tables of bans in the kernel. */

import { parseNetworks } from "../../values/address.ts";
import type { DataPlane } from "../../kernel/dataplane.ts";
import { networkMemoryOf } from "../networks/memory.ts";
import { BanKeeper } from "./keeper.ts";
import type { BanStore } from "./store.ts";
import { type BanMemory, BanTable } from "./table.ts";

export function banMemoryOf(plane: DataPlane, grow?: BanMemory["grow"]): BanMemory {
  return { ...networkMemoryOf((name) => plane.map(name), "ban", grow), setFlags: (flags) => plane.control.setBanFlags(flags) };
}

/** Puts the kept bans into the tables, and removes others that an earlier agent left there. `except` is the list in the configuration. */
export function enforceBans(store: BanStore, plane: DataPlane, except: readonly string[], grow?: BanMemory["grow"]): BanKeeper {
  return new BanKeeper(store, new BanTable(banMemoryOf(plane, grow)), except.flatMap(parseNetworks));
}
