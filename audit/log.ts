/** The log as its one writer sees it: a file that is opened safely, appended to whole records at a time, and rotated. */

import type { Stats } from "node:fs";
import { type FileHandle, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Entry, extend, GENESIS, LINE_LIMIT, type Link } from "./chain.ts";
import { isUntouched, listLog, openLog, safeFolder, statOf, syncFolder } from "./file.ts";
import { type Head, readHead, writeHead } from "./head.ts";
import { Lock } from "./lock.ts";
import { recover } from "./recover.ts";
import { recordText } from "./record.ts";

export interface LogOptions {
  path: string;
  /** Where the head is kept, in a folder only the owner can write to. */
  headPath: string;
  rotate: { size: number; keep: number };
  owner: number;
  /** Told, a sentence each, what was found amiss with the file. */
  report: (message: string) => void;
  /** Called between the records and the head that names them: answers the length of the chain of copied actions, null where the head has to wait. */
  beforeHead?: () => Promise<number | null>;
}

interface OpenFile {
  path: string;
  file: FileHandle;
  /** As it was when opened. */
  stats: Stats;
  size: number;
  /** First record in the file, or the next one while it is empty. */
  first: number;
}

export class Log {
  #options: LogOptions;
  #lock: Lock | null = null;
  #open: OpenFile | null = null;
  /** What the next record continues. */
  #link: Link = GENESIS;
  /** The last record written and where it is; null before the first. */
  #known: Head | null = null;
  #oldest = 1;
  /** The line an empty file starts with. */
  #opening = "";
  /** What the next lines have to say about the file. */
  #notes: string[] = [];
  /** A write that may have left half of itself behind the given size. */
  #halfWrite: Pick<Head, "device" | "inode" | "size"> | null = null;
  #unsynced = false;
  #bytes = 0;
  #headProblem: string | null = null;
  #ahead: string[] = [];
  #actions = 0;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  /** Written since the start. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of the last record. */
  get sequence(): number {
    return this.#link.sequence;
  }

  /** Operators' actions that were found when the log was first opened, and that its head did not name. */
  get ahead(): readonly string[] {
    return this.#ahead;
  }

  /** Lines in the chain of copied actions, as the head has it. */
  get actions(): number {
    return this.#actions;
  }

  /** Why the head outside the file is not up to date, or null. */
  get headProblem(): string | null {
    return this.#headProblem;
  }

  /** True when there is something to write even without a record: a new file's first line, or a repair. */
  get hasNews(): boolean {
    return this.#notes.length > 0 || this.#open?.size === 0;
  }

  get isFull(): boolean {
    // A file holds at least its first line and one more, whatever the size asked for.
    return this.#open !== null && this.#open.size >= Math.max(this.#options.rotate.size, LINE_LIMIT);
  }

  /** Opens the file and finds where the chain goes on; does nothing while it is open. */
  async connect(): Promise<void> {
    if (this.#open) return;
    const { owner, headPath } = this.#options;
    const path = join(await safeFolder(dirname(this.#options.path), owner), basename(this.#options.path));
    await safeFolder(dirname(headPath), owner);
    this.#lock ??= await Lock.acquire(`${path}.lock`);
    const { file, stats, repairs } = await openLog(path, owner);
    try {
      for (const reason of repairs) this.#note(recordText("REPAIR", { reason }));
      this.#open = await this.#resume(path, file, stats);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #resume(path: string, file: FileHandle, stats: Stats): Promise<OpenFile> {
    let { size } = stats;
    const half = this.#halfWrite;
    if (half && isSameFile(half, stats) && size > half.size) {
      await file.truncate(half.size);
      size = half.size;
    }
    this.#halfWrite = null;

    const files = await listLog(path);
    const isFirst = this.#known === null;
    this.#known ??= await this.#storedHead(files.length > 0);
    if (isFirst) this.#actions = this.#known?.actions ?? 0;
    const { link, tornAt, found, notes, actions } = await recover(files, this.#known);
    if (isFirst) this.#ahead = actions;
    if (tornAt !== null) {
      await file.truncate(tornAt);
      size = tornAt;
    }
    for (const note of notes) this.#note(recordText(note.name, note.detail));
    this.#link = link;
    this.#oldest = this.#known?.oldest ?? files[0]?.first ?? link.sequence + 1;
    if (size === 0) this.#opening = this.#openingLine(found);
    return { path, file, stats, size, first: files.find((each) => each.current)?.first ?? link.sequence + 1 };
  }

  #openingLine(found: boolean): string {
    const previous = this.#link.hash;
    if (this.#link.sequence === 0) return recordText("BEGIN", { previous });
    if (found) return recordText("ROTATE", { previous });
    const text = recordText("CONTINUE", { previous, reason: "the previous file is gone" });
    if (text !== this.#opening) this.#options.report(text);
    return text;
  }

  async #storedHead(logExists: boolean): Promise<Head | null> {
    const { headPath } = this.#options;
    try {
      const head = await readHead(headPath);
      if (!head && logExists) this.#note(recordText("REPAIR", { reason: `${headPath} was missing` }));
      return head;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#note(recordText("REPAIR", { reason: error.message }));
      return null;
    }
  }

  /** Has the next lines say what somebody else found amiss. */
  reportRepair(reason: string): void {
    this.#note(recordText("REPAIR", { reason }));
  }

  /** Remembers what was found amiss until it is written; opening the file again finds some of it again. */
  #note(text: string): void {
    if (this.#notes.includes(text)) return;
    this.#notes.push(text);
    this.#options.report(text);
  }

  /** Writes all the records or none, and answers where each stands. When it throws, disconnect and connect again. */
  async append(records: Entry[]): Promise<Link[]> {
    const open = this.#connected();
    const news = open.size === 0 ? [this.#opening, ...this.#notes] : this.#notes;
    const now = Date.now();
    let link = this.#link;
    const lines: string[] = [];
    const links: Link[] = [];
    for (const entry of [...news.map((text) => ({ time: now, text })), ...records]) {
      const next = extend(link, entry);
      lines.push(next.line, "\n");
      link = next.link;
      links.push(link);
    }
    const bytes = Buffer.from(lines.join(""), "latin1");
    const { dev: device, ino: inode } = open.stats;
    this.#halfWrite = { device, inode, size: open.size };
    for (let written = 0; written < bytes.length; ) {
      written += (await open.file.write(bytes, written, bytes.length - written, null)).bytesWritten;
    }
    this.#halfWrite = null;
    this.#notes = [];
    this.#link = link;
    open.size += bytes.length;
    this.#bytes += bytes.length;
    this.#known = { ...link, device, inode, size: open.size, oldest: this.#oldest };
    this.#unsynced = true;
    return links.slice(news.length);
  }

  /** Brings what was written to the disk, and then the head. */
  async sync(): Promise<void> {
    if (!this.#unsynced && !this.#headProblem) return;
    await this.#open?.file.datasync();
    const actions = await this.#options.beforeHead?.();
    if (actions === null) return;
    this.#actions = actions ?? 0;
    await this.#saveHead();
    this.#unsynced = false;
  }

  /** A head that cannot be saved is old, not wrong; so records go on being written, and the problem is told. */
  async #saveHead(): Promise<void> {
    if (!this.#known) return;
    try {
      await writeHead(this.#options.headPath, this.#actions > 0 ? { ...this.#known, actions: this.#actions } : this.#known);
      this.#headProblem = null;
    } catch (error) {
      this.#headProblem = `the head of the audit log cannot be saved, so a cut end might go unnoticed: ${(error as Error).message}`;
    }
  }

  /** Puts the full file aside, named after its first record, and removes those that are too many. The next is opened by `connect`. */
  async rotate(): Promise<void> {
    const { path, first } = this.#connected();
    await this.sync();
    let number = first;
    while (await statOf(`${path}.${number}`)) number++;
    await rename(path, `${path}.${number}`);
    await syncFolder(path);
    await this.#closeFile();
    await this.#prune(path);
  }

  async #prune(path: string): Promise<void> {
    const files = await listLog(path);
    const rotated = files.filter((file) => /\.\d+$/.test(file.path.slice(path.length)));
    const surplus = rotated.slice(0, Math.max(0, rotated.length - this.#options.rotate.keep));
    if (surplus.length === 0) return;
    this.#oldest = files.find((file) => !surplus.includes(file))?.first ?? this.#link.sequence + 1;
    if (this.#known) this.#known.oldest = this.#oldest;
    // The head first: records it calls old may go, records it counts on may not.
    await this.#saveHead();
    if (this.#headProblem) return;
    for (const file of surplus) await unlink(file.path);
  }

  /** True while the path names the file that is open, as it was left. */
  async isUntouched(): Promise<boolean> {
    return this.#open === null || isUntouched(this.#open.path, this.#open.stats, this.#open.size);
  }

  /** Lets go of everything, so that a disk which fails can be unmounted. */
  async disconnect(): Promise<void> {
    await this.#closeFile();
    await this.#lock?.release();
    this.#lock = null;
  }

  async #closeFile(): Promise<void> {
    const open = this.#open;
    if (!open) return;
    this.#open = null;
    try {
      if (this.#halfWrite) {
        await open.file.truncate(open.size);
        this.#halfWrite = null;
      }
    } catch {
      // Still noted as half written: cut off when the file is opened again.
    } finally {
      await open.file.close().catch(() => {}); // a failing disk may refuse; the descriptor is gone all the same
    }
  }

  #connected(): OpenFile {
    if (!this.#open) throw new Error("the audit log is not open");
    return this.#open;
  }
}

function isSameFile(known: Pick<Head, "device" | "inode">, stats: Stats): boolean {
  return known.device === stats.dev && known.inode === stats.ino;
}
