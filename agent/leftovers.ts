/**
 * What a killed agent leaves in force, and how it ends. Links and tables are pinned in the BPF file system; filters,
 * which cannot be, are noted beside the links.
 */

import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { detachPinned, pinnedLinks } from "./kernel/attachment.ts";
import { detachLeftoverFilters } from "./kernel/tc.ts";

export interface Leftover {
  kind: "link" | "filter" | "table";
  /** As it is pinned or noted: `tcx-ingress-2`. */
  name: string;
}

/** Where links are pinned and filters noted, below the pins of one state directory. */
export function linkDirectory(pins: string): string {
  return join(pins, "links");
}

/**
 * Removes everything below `pins`, of this version's layout and of every other. What judges packets goes first, the
 * tables it reads after. Filters are looked for in the network namespace of the caller.
 */
export function removeLeftovers(pins: string, onRemoved: (leftover: Leftover) => void = () => {}): void {
  if (!existsSync(pins)) return;
  const links = linkDirectory(pins);
  for (const name of detachLeftoverFilters(links)) onRemoved({ kind: "filter", name });
  for (const name of pinnedLinks(links)) {
    detachPinned(links, name);
    onRemoved({ kind: "link", name });
  }
  rmSync(links, { recursive: true, force: true });
  for (const folder of readdirSync(pins)) {
    const tables = readdirSync(join(pins, folder));
    rmSync(join(pins, folder), { recursive: true });
    for (const name of tables) onRemoved({ kind: "table", name });
  }
  rmSync(pins, { recursive: true });
}
