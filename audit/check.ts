/** Checks a chain, its rotated files included, and reports where it differs from what weir wrote. */

import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openSeal, seal, type SealedLine } from "./chain.ts";
import { type LogFile, listLog, openForReading, statOf } from "./file.ts";
import { type Head, readHead } from "./head.ts";
import { type Line, linesOf } from "./lines.ts";
import { detailOf, parseRecord } from "./record.ts";

export type ProblemKind =
  | "changed" // a line was changed
  | "deleted" // lines, or a file, are missing
  | "swapped" // two lines were swapped
  | "inserted" // a line does not belong here, or is there twice
  | "truncated" // the end was cut off
  | "replaced" // a file was replaced by an older copy
  | "torn" // the last line was being written when weir, or the machine, stopped
  | "head"; // the head that weir keeps outside of the log cannot be used

export interface ChainProblem {
  kind: ProblemKind;
  file: string;
  /** The first line is 1; 0 if the problem is about the whole file. */
  line: number;
  /** A sentence such as `record #11 was changed`. */
  text: string;
}

export interface ChainVerdict {
  /** True if there is no problem. A torn line is none. */
  ok: boolean;
  /** The first problems, in the order of the log. */
  problems: ChainProblem[];
  /** The number of all problems, including those that are not listed. */
  found: number;
  files: number;
  /** The number of records with a right hash. Records that cannot be compared with anything any more count, too. */
  checked: number;
  unchecked: number;
  /** The first and last sequence numbers; null if there are no records. */
  first: number | null;
  last: number | null;
  /** The number of events that the log itself reports as missing. */
  missing: number;
}

interface OpenLogFile extends LogFile {
  handle: FileHandle;
}

/** If `headPath` is null, the head is not available, so a log that was cut at its end looks whole. `take` gets each valid record. */
export async function checkChain(
  path: string,
  headPath: string | null,
  take: (record: SealedLine) => Promise<void> = async () => {},
): Promise<ChainVerdict> {
  const { head, files } = await openAll(path, headPath);
  try {
    const check = new Check(head instanceof Error ? null : head);
    const lines = linesOfAll(files);
    for (let next = await lines.next(); !next.done; ) {
      const line = next.value;
      next = await lines.next();
      check.take(line, next.done ? null : next.value);
      if (check.accepted) await take(check.accepted);
    }
    if (head instanceof Error) check.report("head", headPath!, 0, head.message);
    await check.end(path, files.at(-1) ?? null, headPath);
    return check.verdict(files.length);
  } finally {
    await Promise.all(files.map((file) => file.handle.close()));
  }
}

/** Opens every file of the log as of one moment. If a rotation comes in between, it starts again. */
async function openAll(path: string, headPath: string | null): Promise<{ head: Head | Error | null; files: OpenLogFile[] }> {
  for (let attempt = 1; ; attempt++) {
    const before = await statOf(path);
    // The head is read before the files: they may grow meanwhile, and may be ahead of it but not behind.
    const head = headPath === null ? null : await readHead(headPath).catch((error: Error) => error);
    const files: OpenLogFile[] = [];
    for (const file of await listLog(path)) {
      const handle = await openForReading(file.path);
      if (handle) files.push({ ...file, handle });
    }
    const after = await statOf(path);
    const unchanged = after !== null && before?.ino === after.ino && before.birthtimeMs === after.birthtimeMs;
    if (unchanged || attempt === ATTEMPTS) return { head, files };
    await Promise.all(files.map((file) => file.handle.close()));
    await sleep(10);
  }
}

/** This many rotations do not follow each other, so the file is gone. */
const ATTEMPTS = 20;

interface LogLine extends Line {
  file: LogFile;
}

async function* linesOfAll(files: OpenLogFile[]): AsyncGenerator<LogLine> {
  for (const file of files) {
    for await (const line of linesOf(file.handle)) {
      yield line.whole || file !== files.at(-1) ? { ...line, file } : await lookAgain(file, line);
    }
  }
}

/** Reads a line without its end again, because weir may be writing it at this moment. */
async function lookAgain(file: OpenLogFile, line: Line): Promise<LogLine> {
  await sleep(50);
  for await (const again of linesOf(file.handle, line.offset)) return { ...again, number: line.number, file };
  return { ...line, file };
}

export const PROBLEMS_KEPT = 20;

class Check {
  #head: Head | null;
  #problems: ChainProblem[] = [];
  #found = 0;
  #checked = 0;
  #unchecked = 0;
  #missing = 0;
  #first: number | null = null;
  #last: number | null = null;
  /** The number that the next record should have; 0 before the first. */
  #expected = 0;
  /** The hashes that the next record may continue; empty if the record before it is missing. */
  #previous: string[] = [];
  /** Records that stand in another record's place, by the number that was expected. Two of them may have been swapped. */
  #misplaced = new Map<number, { found: number; problem: ChainProblem }>();
  /** The number of the second of two neighbours that were swapped. */
  #skip: number | null = null;
  #replaced = false;
  /** The record in the last line, if it is valid. */
  accepted: SealedLine | null = null;
  #lastLine: LogLine | null = null;

  constructor(head: Head | null) {
    this.#head = head;
  }

  /** Checks a line. If it is wrong, the line after it shows what happened. */
  take(line: LogLine, following: LogLine | null): void {
    const sealed = openSeal(line.text);
    this.accepted = null;
    if (this.#lastLine?.file !== line.file) this.#enter(line, sealed);
    this.#lastLine = line;
    if (!line.whole) {
      if (following) this.#report("truncated", line, "the file ends within this line");
      return; // this is the very end of the log: see `end`
    }
    if (sealed && sealed.sequence === this.#skip) this.#skip = null;
    else if (sealed && this.#isSound(sealed)) this.#accept(line, sealed);
    else this.#diagnose(line, sealed, following && openSeal(following.text)?.sequence);
  }

  #isSound(sealed: SealedLine): boolean {
    if (sealed.sequence !== this.#expected) return false;
    return this.#previous.length === 0 || this.#previous.some((hash) => seal(hash, sealed.body) === sealed.hash);
  }

  #accept(line: LogLine, sealed: SealedLine): void {
    if (this.#previous.length === 0) this.#unchecked++;
    else this.#checked++;
    this.#expect(sealed.sequence + 1, [sealed.hash]);
    this.#last = sealed.sequence;
    this.accepted = sealed;
    if (/^\S+ #\d+ GAP /.test(sealed.body)) this.#missing += Number(detailOf(parseRecord(line.text)!, "missing") ?? 0);
    if (sealed.sequence === this.#head?.sequence && sealed.hash !== this.#head.hash) {
      this.#report(
        "changed",
        line,
        `record #${sealed.sequence} is not the one that weir wrote: the log was rewritten up to here, or further`,
      );
    }
  }

  /** Checks the first line of a file. It names the record that it continues, so the oldest file that is left can be checked, too. */
  #enter(line: LogLine, sealed: SealedLine | null): void {
    const { first, current, path } = line.file;
    if (this.#expected > 0) {
      if (first >= this.#expected) return;
      this.#replaced ||= current;
      const what = current ? "the file was replaced by an older copy" : "the file is a copy of a part of the log";
      this.#report(current ? "replaced" : "inserted", line, `${what}: it starts with record #${first}, #${this.#expected} was next`);
      this.#expect(first, []);
      return;
    }
    this.#first = first;
    const record = sealed && parseRecord(line.text);
    const opens = record && ["BEGIN", "ROTATE", "CONTINUE"].includes(record.type);
    const previous = opens ? detailOf(record, "previous") : undefined;
    this.#expect(first, previous === undefined ? [] : [previous]);
    const oldest = this.#head?.oldest ?? first;
    if (first > oldest) this.#report("deleted", line, `records #${oldest} to #${first - 1} before this line are missing`);
    else if (sealed && previous === undefined) this.#report("deleted", line, `the text before this line in ${basename(path)} is missing`);
  }

  #diagnose(line: LogLine, sealed: SealedLine | null, next: number | null | undefined): void {
    const expected = this.#expected;
    const found = sealed?.sequence;
    if (found === expected + 1 && next === expected) {
      this.#report("swapped", line, `records #${expected} and #${found} were swapped`);
      this.#skip = expected;
      this.#expect(expected + 2, [sealed!.hash]);
    } else if (found !== expected && next === expected) {
      this.#report("inserted", line, `this line does not belong here: record #${expected} was next, and is the line after`);
    } else if (found === undefined || found === expected) {
      this.#report("changed", line, `record #${expected} was changed`);
      // Either the text or the hash was changed. The next line continues one of the two.
      this.#expect(expected + 1, sealed ? [sealed.hash, ...this.#previous.map((hash) => seal(hash, sealed.body))] : []);
    } else if (next === expected + 1) {
      this.#misplace(line, expected, found);
      this.#expect(expected + 1, []);
    } else if (found > expected) {
      const which = found === expected + 1 ? `record #${expected}` : `records #${expected} to #${found - 1}`;
      this.#report("deleted", line, `${which} before this line ${found === expected + 1 ? "is" : "are"} missing`);
      this.#unchecked++;
      this.#expect(found + 1, [sealed!.hash]);
      this.#last = found;
    } else {
      this.#report("inserted", line, `record #${found} is here a second time; #${expected} was next`);
    }
  }

  #misplace(line: LogLine, expected: number, found: number): void {
    const problem = this.#report("changed", line, `record #${found} stands where #${expected} belongs`);
    const other = this.#misplaced.get(found);
    if (other?.found === expected) {
      for (const each of [problem, other.problem]) each.kind = "swapped";
    }
    if (this.#misplaced.size < PROBLEMS_KEPT) this.#misplaced.set(expected, { found, problem });
  }

  /** Looks for problems that only the end of the log and the head outside of it can show. */
  async end(path: string, newest: OpenLogFile | null, headPath: string | null): Promise<void> {
    const line = this.#lastLine;
    const head = this.#head;
    const last = this.#expected - 1;
    if (!line || !newest) {
      const known = head ? ` although records up to #${head.sequence} were written` : "";
      this.report("deleted", path, 0, `there is no audit log here${known}`);
    } else if (head && last < head.sequence) {
      const lost = `records #${last + 1} to #${head.sequence} after this line are missing`;
      const { dev, ino } = await newest.handle.stat();
      if (!newest.current) this.report("deleted", path, 0, `the file is gone, and with it records #${last + 1} to #${head.sequence}`);
      else if (dev === head.device && ino === head.inode) this.#report("truncated", line, `the end was cut off: ${lost}`);
      else if (!this.#replaced) this.#report("replaced", line, `the file is an older copy: ${lost}`);
    } else if (!line.whole) {
      this.#report("torn", line, "the line is torn: weir or the machine stopped while writing it. The next start repairs that");
    }
    if (headPath !== null && !head && this.#problems.every(({ kind }) => kind !== "head")) {
      this.report("head", headPath, 0, "the file is missing, so a log that was cut at its end looks whole");
    }
  }

  verdict(files: number): ChainVerdict {
    return {
      ok: this.#found === 0,
      problems: this.#problems,
      found: this.#found,
      files,
      checked: this.#checked,
      unchecked: this.#unchecked,
      first: this.#first,
      last: this.#last,
      missing: this.#missing,
    };
  }

  #expect(sequence: number, previous: string[]): void {
    this.#expected = sequence;
    this.#previous = previous;
  }

  #report(kind: ProblemKind, line: LogLine, text: string): ChainProblem {
    return this.report(kind, line.file.path, line.number, text);
  }

  report(kind: ProblemKind, file: string, line: number, text: string): ChainProblem {
    const problem: ChainProblem = { kind, file, line, text };
    this.#found++;
    if (this.#problems.length < PROBLEMS_KEPT) this.#problems.push(problem);
    return problem;
  }
}
