/** Reads the flow table for requests, so that other work gets its turn meanwhile. */

import { setImmediate as breathe } from "node:timers/promises";

import { type FlowEntry, flowEntries, type FlowTables } from "./collect.ts";
import { type Describer, describeRow } from "./describe.ts";
import { type DropTables, DropsOfFlows } from "./drops.ts";
import type { FlowRow } from "./row.ts";

const A_TURN = 4096;

/** Yields entries. Their buffers are used again: copy what you keep. */
export async function* flowsInTurns(tables: FlowTables): AsyncGenerator<FlowEntry> {
  let read = 0;
  for (const entry of flowEntries(tables)) {
    if (++read % A_TURN === 0) await breathe();
    yield entry;
  }
}

/** Returns at most `limit` rows. */
export async function listFlows(
  tables: FlowTables,
  drops: DropTables,
  describer: Describer,
  wanted: (row: FlowRow) => boolean,
  limit: number,
): Promise<FlowRow[]> {
  const now = describer.jiffies();
  const dropped = new DropsOfFlows(drops);
  const rows: FlowRow[] = [];
  for await (const entry of flowsInTurns(tables)) {
    const row = describeRow(entry, now, describer, dropped);
    if (wanted(row)) rows.push(row);
    if (rows.length === limit) break;
  }
  return rows;
}
