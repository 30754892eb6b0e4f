/** A table of a running agent, as its programs see it. */

import { readdirSync } from "node:fs";
import { join } from "node:path";

import { libbpf } from "../../agent/kernel/libbpf.ts";
import { BpfMap } from "../../agent/kernel/maps.ts";

/** `pins`: the agent's. The caller closes it. */
export function openPinnedTable(pins: string, name: string): BpfMap {
  const tables = readdirSync(pins).find((folder) => folder.startsWith("tables-"));
  if (tables === undefined) throw new Error(`${pins} holds no tables`);
  return new BpfMap(name, libbpf().get(join(pins, tables, name)));
}
