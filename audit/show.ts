/** Reads the log for people: oldest record first, in memory that does not depend on its size. */

import { copiesOf } from "./actions.ts";
import { linesOf } from "./lines.ts";
import { listLog, openForReading } from "./file.ts";
import { type AuditRecord, parseRecord } from "./record.ts";

export interface AuditFilter {
  /** The time in milliseconds since the epoch. */
  since?: number;
  /** Types such as `DETECTED` and `MODE`. A record fits if it has any of them. */
  types?: readonly string[];
  rule?: string;
  /** Only this many of the last records that match. */
  last?: number;
}

export interface ShownRecord extends AuditRecord {
  /** The line as it is in the file. */
  line: string;
}

/** Yields records. Lines that are no records, such as a torn one, are left out: `verifyAudit` reports them. */
export async function* showAudit(path: string, filter: AuditFilter = {}): AsyncGenerator<ShownRecord> {
  if (filter.last === undefined) yield* matching(path, filter);
  else yield* await lastOf(matching(path, filter), filter.last);
}

async function* matching(path: string, filter: AuditFilter): AsyncGenerator<ShownRecord> {
  const files = await listLog(path);
  // Of the records that were rotated away, operators' actions are left.
  for await (const { sequence, line } of copiesOf(path)) {
    if (sequence >= (files[0]?.first ?? Infinity)) break;
    const record = parseRecord(line);
    if (record && isWanted(record, filter)) yield { ...record, line };
  }
  for (const { path: file } of files) {
    const handle = await openForReading(file);
    if (!handle) continue; // the file was rotated away meanwhile
    try {
      for await (const { text } of linesOf(handle)) {
        const record = parseRecord(text);
        if (record && isWanted(record, filter)) yield { ...record, line: text };
      }
    } finally {
      await handle.close();
    }
  }
}

function isWanted(record: AuditRecord, { since, types, rule }: AuditFilter): boolean {
  if (types && !types.includes(record.type)) return false;
  if (rule !== undefined && record.rule !== rule) return false;
  return since === undefined || Date.parse(record.time) >= since;
}

async function lastOf(records: AsyncIterable<ShownRecord>, count: number): Promise<ShownRecord[]> {
  let kept: ShownRecord[] = [];
  for await (const record of records) {
    kept.push(record);
    if (kept.length >= 2 * count + 64) kept = kept.slice(kept.length - count);
  }
  return kept.slice(Math.max(0, kept.length - count));
}
