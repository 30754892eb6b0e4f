/** The log as its only writer uses it: a file that is opened safely, to which whole records are appended, and that is rotated. */

import type { Stats } from "node:fs";
import { type FileHandle, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Entry, extend, GENESIS, LINE_LIMIT, type ChainLink, openSeal } from "./chain.ts";
import { isUntouched, listLog, type LogFile, openForReading, openLog, safeFolder, statOf, syncFolder } from "./file.ts";
import { type Head, readHead, writeHead } from "./head.ts";
import { linesOf } from "./lines.ts";
import { Lock } from "./lock.ts";
import { isActionRecord, recover } from "./recover.ts";
import { recordText } from "./record.ts";

export interface LogOptions {
  path: string;
  /** The path of the head, in a folder that only the owner can write to. */
  headPath: string;
  rotate: { size: number; keep: number };
  owner: number;
  /** Called with a sentence for each problem that was found with the file. */
  report: (message: string) => void;
  /**
   * Called between the records and the head that names them. Returns the length of the chain of copied actions; null if the head
   * has to wait.
   */
  beforeHead?: () => Promise<number | null>;
}

interface OpenFile {
  path: string;
  file: FileHandle;
  /** The status of the file when it was opened. */
  stats: Stats;
  size: number;
  /** The first record in the file, or the next one while it is empty. */
  first: number;
}

export class RotatedLog {
  #options: LogOptions;
  #lock: Lock | null = null;
  #open: OpenFile | null = null;
  /** The record that the next one continues. */
  #link: ChainLink = GENESIS;
  /** The last record written and its place; null before the first. */
  #known: Head | null = null;
  /** The head that was saved last. Records behind it may hold actions that are not copied yet. */
  #saved: Head | null = null;
  #oldest = 1;
  /** The line with which an empty file starts. */
  #opening = "";
  /** Texts of REPAIR records that will be written before the next records, because a problem was found with the file. */
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

  /** The bytes written since the start. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The number of the last record. */
  get sequence(): number {
    return this.#link.sequence;
  }

  /** Operators' actions that were found when the log was first opened, and that its head did not name. */
  get ahead(): readonly string[] {
    return this.#ahead;
  }

  /** The number of lines in the chain of copied actions, from the head. */
  get actions(): number {
    return this.#actions;
  }

  /** The reason why the head outside the file is not up to date, or null. */
  get headProblem(): string | null {
    return this.#headProblem;
  }

  /** True if there is something to write even without a record: a new file's first line, or a repair. */
  get hasNews(): boolean {
    return this.#notes.length > 0 || this.#open?.size === 0;
  }

  get isFull(): boolean {
    // A file holds at least its first line and one more, whatever size is configured.
    return this.#open !== null && this.#open.size >= Math.max(this.#options.rotate.size, LINE_LIMIT);
  }

  /** Opens the file and finds where the chain goes on. It does nothing while the file is open. */
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
    if (isFirst) [this.#actions, this.#saved] = [this.#known?.actions ?? 0, this.#known && { ...this.#known }];
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

  /** Adds a problem that another part found to the next lines. */
  reportRepair(reason: string): void {
    this.#note(recordText("REPAIR", { reason }));
  }

  /** Remembers a problem until it is written. Opening the file again may find the same problem again. */
  #note(text: string): void {
    if (this.#notes.includes(text)) return;
    this.#notes.push(text);
    this.#options.report(text);
  }

  /** Writes all the records or none, and returns the place of each. If it throws, disconnect and connect again. */
  async append(records: Entry[]): Promise<ChainLink[]> {
    const open = this.#connected();
    const news = open.size === 0 ? [this.#opening, ...this.#notes] : this.#notes;
    const now = Date.now();
    let link = this.#link;
    const lines: string[] = [];
    const links: ChainLink[] = [];
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

  /** Writes everything to the disk, and then the head. */
  async sync(): Promise<void> {
    if (!this.#unsynced && !this.#headProblem) return;
    await this.#open?.file.datasync();
    const actions = await this.#options.beforeHead?.();
    if (actions === null) return;
    this.#actions = actions ?? 0;
    await this.#saveHead(this.#known);
    this.#unsynced = false;
  }

  /** Saves the head. A head that cannot be saved is old, not wrong: records are still written, and the problem is reported. */
  async #saveHead(head: Head | null): Promise<void> {
    if (!head) return;
    try {
      await writeHead(this.#options.headPath, this.#actions > 0 ? { ...head, actions: this.#actions } : head);
      this.#saved = { ...head };
      this.#headProblem = null;
    } catch (error) {
      this.#headProblem = `the head of the audit log cannot be saved, so a cut end might go unnoticed: ${(error as Error).message}`;
    }
  }

  /** Renames the full file after its first record, and removes the oldest files beyond the limit. `connect` opens the next file. */
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
    const surplus = rotated.slice(
      0,
      this.#unsynced ? this.#settledSurplus(rotated) : Math.max(0, rotated.length - this.#options.rotate.keep),
    );
    if (surplus.length === 0) return;
    const left = files.find((file) => !surplus.includes(file));
    this.#oldest = left?.first ?? this.#link.sequence + 1;
    if (this.#known) this.#known.oldest = this.#oldest;
    if (this.#unsynced) await this.#noteUncopied(surplus);
    // The head is saved first: it must not name records that are removed.
    await this.#saveHead(this.#unsynced ? await this.#waitingHead(left) : this.#known);
    if (this.#headProblem) return;
    for (const file of surplus) await unlink(file.path);
  }

  /**
   * Returns how many of the oldest files may be removed while the head waits for copies of actions: only files that the head
   * names, because a start looks for actions behind it. Up to twice the configured number of files may wait.
   */
  #settledSurplus(rotated: readonly LogFile[]): number {
    const { keep } = this.#options.rotate;
    const settled = rotated.filter((_, index) => (rotated[index + 1]?.first ?? Infinity) <= (this.#saved?.sequence ?? 0) + 1).length;
    return Math.max(0, Math.min(settled, rotated.length - keep), rotated.length - 2 * keep);
  }

  /** Returns the head that was saved last or, if the record that it names is removed, one that names the first record that stays. */
  async #waitingHead(left: LogFile | undefined): Promise<Head | null> {
    if (this.#saved && this.#saved.sequence >= this.#oldest) return { ...this.#saved, oldest: this.#oldest };
    const handle = left && (await openForReading(left.path));
    if (!handle) return this.#known;
    try {
      const { dev: device, ino: inode } = await handle.stat();
      for await (const { text } of linesOf(handle)) {
        const first = openSeal(text);
        return first
          ? { sequence: first.sequence, hash: first.hash, device, inode, size: text.length + "\n".length, oldest: this.#oldest }
          : this.#known;
      }
      return this.#known;
    } finally {
      await handle.close();
    }
  }

  /** Writes into the log which actions have no copy, in case this process ends before it can make one. */
  async #noteUncopied(files: readonly LogFile[]): Promise<void> {
    const settled = this.#saved?.sequence ?? 0;
    let [actions, last] = [0, 0];
    for (const { path } of files) {
      const handle = await openForReading(path);
      if (!handle) continue;
      try {
        for await (const { text } of linesOf(handle)) {
          last = openSeal(text)?.sequence ?? last;
          if (last > settled && isActionRecord(text)) actions++;
        }
      } finally {
        await handle.close();
      }
    }
    if (actions > 0)
      this.#note(
        recordText("REPAIR", {
          reason: `${actions} actions among the records #${settled + 1} to #${last} were rotated away before they could be copied`,
        }),
      );
  }

  /** Returns whether the path still leads to the open file, in the state in which it was left. */
  async isUntouched(): Promise<boolean> {
    return this.#open === null || isUntouched(this.#open.path, this.#open.stats, this.#open.size);
  }

  /** Closes everything, so that a failing disk can be unmounted. */
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
      // The half write is still noted: it is cut off when the file is opened again.
    } finally {
      await open.file.close().catch(() => {}); // a failing disk may refuse, but the descriptor is closed all the same
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
