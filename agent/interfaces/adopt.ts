/**
 * Interfaces that an earlier agent watched. They must be known before rules are installed: the flip makes every
 * connection be judged again, and a rule that names interfaces would miss those that are still to come.
 */

import { InterfaceEntry, Limit } from "../generated/layout.ts";
import type { Installer } from "../rules/install.ts";

/** `table`: the memory of `interfaces`. Entries of devices that are gone are cleared. */
export function adoptInterfaces(installer: Installer, table: Uint8Array, present: readonly { ifindex: number; name: string }[]): void {
  const names = new Map(present.map(({ ifindex, name }) => [ifindex, name]));
  for (let index = 0; index < Limit.INTERFACE_ENTRIES; index++) {
    const entry = Buffer.from(table.buffer, table.byteOffset + index * InterfaceEntry.size, InterfaceEntry.size);
    const ifindex = entry.readUInt32LE(InterfaceEntry.ifindex);
    if (ifindex === 0) continue;
    const name = names.get(ifindex);
    if (name === undefined) entry.fill(0);
    else installer.addInterface({ ifindex, name, slot: entry.readUInt16LE(InterfaceEntry.slot), flags: entry.readUInt16LE(InterfaceEntry.flags) });
  }
}
