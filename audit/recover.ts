/**
 * Finds where the chain goes on when a log is opened again. The last known record is looked up in the files, and the records
 * behind it are followed as long as they continue it. After a crash that is the whole file, except for a torn last line. If the
 * known record is not there any more, the chain still continues it: the break stays visible for ever.
 */

import { continues, GENESIS, type ChainLink, openSeal } from "./chain.ts";
import { type LogFile, openForReading } from "./file.ts";
import type { Head } from "./head.ts";
import { lastLine, type Line, linesOf } from "./lines.ts";
import { type Detail, isActionType, type LogRecordName, parseRecord } from "./record.ts";

export interface Note {
  name: LogRecordName;
  detail: Detail;
}

export interface Recovery {
  link: ChainLink;
  /** The place in the current file where a torn last line begins. */
  tornAt: number | null;
  /** True if the last known record was found. */
  found: boolean;
  notes: Note[];
  /** Operators' actions behind the known record. */
  actions: string[];
}

export async function recover(files: LogFile[], known: Head | null): Promise<Recovery> {
  const walk = new Walk(known);
  const start = await startOf(files, known);
  for (const [index, file] of files.entries()) {
    if (index === start.index) await walk.follow(file, start.offset);
    else if (index > start.index || file.current) await walk.follow(file, 0);
  }
  return walk.result();
}

/** Starts at the known record if it is in its place, else at the start of the file that should hold it. */
async function startOf(files: LogFile[], known: Head | null): Promise<{ index: number; offset: number }> {
  if (!known) return { index: files.length - 1, offset: 0 };
  for (let index = files.length - 1; index >= 0; index--) {
    if (await endsAt(files[index]!, known)) return { index, offset: known.size };
  }
  return { index: files.findLastIndex((file) => file.first <= known.sequence), offset: 0 };
}

async function endsAt(file: LogFile, known: Head): Promise<boolean> {
  const handle = await openForReading(file.path);
  if (!handle) return false;
  try {
    if ((await handle.stat()).size < known.size) return false;
    const last = await lastLine(handle, known.size);
    return last?.next === known.size && isRecord(last.text, known);
  } finally {
    await handle.close();
  }
}

export function isActionRecord(line: string): boolean {
  return isActionType(parseRecord(line)?.type ?? "GAP");
}

function isRecord(line: string, link: ChainLink): boolean {
  const sealed = openSeal(line);
  return sealed !== null && sealed.sequence === link.sequence && sealed.hash === link.hash;
}

class Walk {
  #known: Head | null;
  /** The last record that belongs to the chain; null until the known one was found. */
  #link: ChainLink | null = null;
  /** The last record of any kind. */
  #last: ChainLink = GENESIS;
  #strangers = 0;
  #currentHasRecords = false;
  #torn: Line | null = null;
  readonly #actions: string[] = [];

  constructor(known: Head | null) {
    this.#known = known;
  }

  async follow(file: LogFile, offset: number): Promise<void> {
    const handle = await openForReading(file.path);
    if (!handle) return;
    try {
      if (offset > 0) this.#link = this.#known;
      for await (const line of linesOf(handle, offset)) {
        if (line.whole) this.#take(line.text);
        else if (file.current) this.#torn = line;
        if (file.current && (line.whole || line.offset > 0)) this.#currentHasRecords = true;
      }
    } finally {
      await handle.close();
    }
  }

  #take(text: string): void {
    const sealed = openSeal(text);
    if (sealed && sealed.sequence > this.#last.sequence) this.#last = sealed;
    if (this.#link === null) {
      if (!this.#known || isRecord(text, this.#known)) this.#link = sealed;
      if (!this.#known && isActionRecord(text)) this.#actions.push(text);
    } else if (sealed && (!this.#known || continues(this.#link, sealed))) {
      this.#link = sealed; // without a known record to compare with, the end of the file is taken as it is
      if (isActionRecord(text)) this.#actions.push(text);
    } else {
      this.#strangers++;
    }
  }

  result(): Recovery {
    const notes: Note[] = [];
    const link = this.#link ?? this.#known ?? GENESIS;
    const found = this.#link !== null || this.#known === null;
    if (this.#torn) notes.push({ name: "REPAIR", detail: { torn: this.#torn.text } });
    if (!found && this.#currentHasRecords) {
      const missing = Math.max(0, link.sequence - this.#last.sequence);
      notes.push({
        name: "GAP",
        detail: { missing, reason: "the file was cut or replaced", known: link.sequence, found: this.#last.sequence },
      });
    }
    if (this.#strangers > 0) {
      notes.push({ name: "REPAIR", detail: { strangers: this.#strangers, reason: "lines at the end are not of this chain" } });
    }
    const sequence = Math.max(link.sequence, this.#last.sequence);
    return { link: { sequence, hash: link.hash }, tornAt: this.#torn?.offset ?? null, found, notes, actions: this.#actions };
  }
}
