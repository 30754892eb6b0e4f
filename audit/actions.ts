/**
 * Copies operators' actions to files of their own beside the log, so that no flood of events pushes them out. The copies form a
 * chain of their own, with a head of its own. Each line names the record of the log that it copies, by number and hash:
 *
 *     audit.log           2026-11-21T03:00:00.000Z #41532 MODE uid=0 from=detect to=prevent ~HASH
 *     audit.log.actions   2026-11-21T03:00:00.000Z #12 MODE uid=0 from=detect to=prevent @41532:HASH ~HASH
 *
 * An action is copied once it is on the disk in the log, and before the log's head names it. So every action that the head names
 * has its copy, also when the agent was killed in between, and a start only looks at the records behind the head.
 */

import { counted } from "../agent/values/count.ts";
import { basename, dirname, join } from "node:path";
import { type ChainLink, openSeal } from "./chain.ts";
import { listLog, openForReading, statOf } from "./file.ts";
import { linesOf } from "./lines.ts";
import { RotatedLog, type LogOptions } from "./log.ts";
import { isActionType, parseRecord } from "./record.ts";

/** This many actions are held if their files cannot be written although the log itself can. */
const OWED_LIMIT = 10_000;

/** A record that was written to the log. */
export interface WrittenRecord extends ChainLink {
  /** The time in milliseconds since the epoch. */
  time: number;
  text: string;
}

/** A line that was read from the files of copies. */
export interface Copy extends ChainLink {
  /** The line as it is in the log. */
  line: string;
  file: string;
  number: number;
}

export function actionsPath(path: string): string {
  return `${path}.actions`;
}

export function actionsHead(headPath: string): string {
  return join(dirname(headPath), `${basename(headPath, ".head")}-actions.head`);
}

/** Yields copies in the order in which they were written. Lines that are no copies, and those that were tampered with, are left out. */
export async function* copiesOf(path: string): AsyncGenerator<Copy> {
  for (const { path: file } of await listLog(actionsPath(path))) yield* copiesIn(file);
}

async function* copiesIn(file: string): AsyncGenerator<Copy> {
  const handle = await openForReading(file);
  if (!handle) return; // the file was rotated away meanwhile
  try {
    for await (const { text, number } of linesOf(handle)) {
      const link = copied(text);
      if (link) yield { ...link, file, number };
    }
  } finally {
    await handle.close();
  }
}

const COPY = /^(\S+) #\d+ (.*) @(\d{1,15}):([0-9a-f]{32})$/s;

function copied(text: string): (ChainLink & { line: string }) | null {
  const match = COPY.exec(openSeal(text)?.body ?? "");
  if (!match) return null;
  const [, time, record, sequence, hash] = match as unknown as [string, string, string, string, string];
  return { sequence: Number(sequence), hash, line: `${time} #${sequence} ${record} ~${hash}` };
}

/** The only writer of the copies. */
export class ActionsLog {
  readonly #path: string;
  readonly #log: RotatedLog;
  /** Records that are written to the log, and not copied yet. */
  #owed: WrittenRecord[] = [];
  #started = false;

  constructor(options: LogOptions) {
    this.#path = options.path;
    this.#log = new RotatedLog({ ...options, path: actionsPath(options.path), headPath: actionsHead(options.headPath) });
  }

  get bytes(): number {
    return this.#log.bytes;
  }

  get owes(): boolean {
    return this.#owed.length > 0;
  }

  /** The lines of its chain so far. The log's head keeps this number, so that these files cannot vanish unseen. */
  get length(): number {
    return this.#log.sequence;
  }

  get headProblem(): string | null {
    return this.#log.headProblem;
  }

  /**
   * Call this once, when the log is open. `ahead` are the lines of the log that its head does not name. `promised` is the length
   * that the log's head names. Returns a sentence about a problem, if there is one.
   */
  async start(ahead: readonly string[], promised: number): Promise<string | null> {
    if (this.#started) return null;
    if (promised > 0 || ahead.length > 0 || (await statOf(actionsPath(this.#path))) !== null) await this.#log.connect();
    const last = await this.#lastCopied();
    for (const line of ahead) {
      const record = parseRecord(line);
      if (record && record.sequence > last)
        this.owe({ ...record, time: Date.parse(record.time), text: `${record.type}${record.text === "" ? "" : ` ${record.text}`}` });
    }
    this.#started = true;
    const missing = promised - this.length;
    return missing > 0
      ? `${actionsPath(this.#path)} was started again or cut: ${counted(missing, "of its lines is", "of its lines are")} missing`
      : null;
  }

  owe(record: WrittenRecord): void {
    if (this.#owed.length === OWED_LIMIT) this.#owed.shift(); // `verify` will report the missing copy
    this.#owed.push(record);
  }

  /** Writes the waiting copies to the disk. If it throws, they still wait. */
  async settle(): Promise<void> {
    if (this.#owed.length === 0) return;
    await this.#log.connect();
    if (this.#log.isFull) {
      await this.#log.rotate();
      await this.#log.connect();
    }
    const records = [...this.#owed];
    await this.#log.append(records.map(({ time, text, sequence, hash }) => ({ time, text: `${text} @${sequence}:${hash}` })));
    this.#owed.splice(0, records.length);
    await this.#log.sync();
  }

  /** Closes the files if they were moved away, so that they are opened anew. */
  async look(reopen: boolean): Promise<void> {
    await this.#log.sync();
    if (reopen || !(await this.#log.isUntouched())) await this.#log.disconnect();
  }

  disconnect(): Promise<void> {
    return this.#log.disconnect();
  }

  /** Returns the number, in the log, of the newest record that was copied. */
  async #lastCopied(): Promise<number> {
    const files = await listLog(actionsPath(this.#path));
    for (const { path } of files.reverse()) {
      let last = 0;
      for await (const { sequence } of copiesIn(path)) last = sequence;
      if (last > 0) return last;
    }
    return 0;
  }
}

/** Returns whether a record of the log is an operator's action, which is copied. */
export function isAction(body: string): boolean {
  const type = /^\S+ #\d+ (\S+)/.exec(body)?.[1];
  return type !== undefined && isActionType(type);
}
