/**
 * Removes what a killed agent leaves in force. Its links and tables are pinned in the BPF file system; its filters, which cannot
 * be pinned, are noted beside the links.
 */

import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { detachPinned, pinnedLinks } from "../../kernel/attachment.ts";
import { KernelError } from "../../kernel/errors.ts";
import { tableFolders } from "../../kernel/pinned-table.ts";
import { detachLeftoverFilters } from "../../kernel/tc.ts";
import { NOTE } from "./pin-note.ts";

export interface Leftover {
  kind: "link" | "filter" | "table";
  /** The name of the pin or note, such as `tcx-ingress-2`. */
  name: string;
}

/** Returns the folder where links are pinned and filters are noted, below the pins of one state directory. */
export function linkDirectory(pins: string): string {
  return join(pins, "links");
}

/** Removes the tables below `pins`, except those in the folders `except`, and the folder of links if it is empty. */
export function removeTables(pins: string, except: readonly string[]): void {
  for (const name of tableFolders(pins)) if (!except.includes(name)) rmSync(join(pins, name), { recursive: true });
  const links = linkDirectory(pins);
  if (existsSync(links) && readdirSync(links).length === 0) rmdirSync(links);
}

/**
 * Removes everything below `pins`, of this version's layout and of every other. Programs that judge packets are removed first,
 * then the tables that they read. If filters cannot be reached, everything else stays, because the filters could not work without
 * it.
 */
export function removeLeftovers(pins: string, onRemoved: (leftover: Leftover) => void = () => {}): void {
  if (!existsSync(pins)) return;
  const links = linkDirectory(pins);
  const { removed, unreachable } = detachLeftoverFilters(links);
  for (const name of removed) onRemoved({ kind: "filter", name });
  if (unreachable.length > 0) {
    throw new KernelError(`remove ${unreachable.join(" and ")}`, "ENOENT", {
      reason:
        "their network namespace is not that of any process or mount that can be entered from here. If it has processes elsewhere, run there: nsenter --net=/proc/PID/ns/net weir detach; " +
        `if it is gone, they are gone with it, and what they left is removed by: rm -r ${pins}`,
    });
  }
  for (const name of pinnedLinks(links)) {
    detachPinned(links, name);
    onRemoved({ kind: "link", name });
  }
  rmSync(links, { recursive: true, force: true });
  rmSync(join(pins, NOTE), { recursive: true, force: true });
  for (const folder of readdirSync(pins)) {
    const tables = readdirSync(join(pins, folder));
    rmSync(join(pins, folder), { recursive: true });
    for (const name of tables) onRemoved({ kind: "table", name });
  }
  rmSync(pins, { recursive: true });
}
