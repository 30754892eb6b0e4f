/** The files of the audit log on disk: opened without trusting what lies there, and listed in the order they were written. */

import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeFolder } from "../agent/files/folders.ts";
import { openSeal } from "./chain.ts";
import { lastLine, linesOf } from "./lines.ts";

/** What weir will not write to, whatever happens to the data: the operator has to look first. */
export class AuditRefusal extends Error {
  override name = "AuditRefusal";
}

const { O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_DIRECTORY } = constants;
const PRIVATE = 0o600;

/** Makes sure the folder exists and nobody but its owner can change what is in it; answers its path without symbolic links. */
export async function safeFolder(folder: string, owner: number): Promise<string> {
  await makeFolder(folder).catch((error: Error) => {
    throw new AuditRefusal(`${error.message}; choose a path below a folder that you can write to`, { cause: error });
  });
  const real = await realpath(folder);
  for (let path = real; ; path = dirname(path)) {
    const { mode, uid } = await stat(path);
    if (uid !== 0 && uid !== owner) {
      throw new AuditRefusal(
        `${path} belongs to user ${uid}, who could replace what weir keeps in ${real}; choose a folder below those of user ${owner}`,
      );
    }
    const sticky = (mode & 0o1000) !== 0;
    const writableByOthers = path === real ? mode & 0o022 : sticky ? 0 : mode & 0o002;
    if (writableByOthers) {
      throw new AuditRefusal(`${path} is writable by others, who could replace what weir keeps in ${real}; run: chmod go-w ${path}`);
    }
    if (path === dirname(path)) return real;
  }
}

export interface OpenedFile {
  file: FileHandle;
  stats: Stats;
  /** What was put right, as a sentence each. */
  repairs: string[];
}

/** Opens the log for appending, creating it where there is none. Never follows, waits for, or writes to anything but a file of its own. */
export async function openLog(path: string, owner: number): Promise<OpenedFile> {
  const there = await statOf(path);
  if (there) refuseUnlessOwnFile(path, there);
  const flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | (there ? 0 : O_CREAT | O_EXCL);
  const file = await open(path, flags, PRIVATE);
  try {
    let stats = await file.stat();
    refuseUnlessOwnFile(path, stats);
    if (stats.size > 0) await refuseUnlessAuditLog(path, file, stats.size);
    const repairs: string[] = [];
    if (stats.uid !== owner) {
      repairs.push(`owner was ${stats.uid}, is ${owner}`);
      await file.chown(owner, stats.gid);
    }
    if ((stats.mode & 0o7777) !== PRIVATE) {
      if (there) repairs.push(`mode was ${octal(stats.mode)}, is ${octal(PRIVATE)}`);
      await file.chmod(PRIVATE);
    }
    if (!there) await syncFolder(path);
    stats = await file.stat();
    return { file, stats, repairs };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** True while the path names this very file, private and with this size. */
export async function isUntouched(path: string, opened: Stats, size: number): Promise<boolean> {
  const now = await statOf(path);
  return (
    now !== null &&
    now.dev === opened.dev &&
    now.ino === opened.ino &&
    now.size === size &&
    now.uid === opened.uid &&
    (now.mode & 0o7777) === PRIVATE
  );
}

/** Makes a rename or a new file last over a power failure. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), O_RDONLY | O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export interface LogFile {
  path: string;
  /** Sequence number of the first record in it. */
  first: number;
  /** The one at the configured path, which is appended to. */
  current: boolean;
}

/**
 * The log's files that hold something, oldest first. Rotated ones are called `audit.log.1042` after their first record, but order
 * is taken from what is in them, so that files which another tool moved to `audit.log.1` are read too.
 */
export async function listLog(path: string): Promise<LogFile[]> {
  const folder = dirname(path);
  const name = basename(path);
  const files: LogFile[] = [];
  for (const entry of await readdir(folder)) {
    const suffix = entry.startsWith(name) ? /^(?:[.-](\d+))?$/.exec(entry.slice(name.length)) : null;
    if (!suffix) continue;
    const file = join(folder, entry);
    const first = await firstSequence(file);
    if (first !== null) files.push({ path: file, first: first ?? Number(suffix[1] ?? Infinity), current: entry === name });
  }
  return files.sort((a, b) => a.first - b.first || Number(a.current) - Number(b.current));
}

/** Whether there is a log: its current file, or, as in the middle of a rotation, others of it. */
export async function isAnyOfLog(path: string): Promise<boolean> {
  if ((await statOf(path)) !== null) return true;
  try {
    return (await listLog(path)).length > 0;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return false;
    throw error;
  }
}

/** Null for what is empty or not a file, undefined where no line near the start can be read. */
async function firstSequence(path: string): Promise<number | null | undefined> {
  const file = await openForReading(path);
  if (!file) return null;
  try {
    if ((await file.stat()).size === 0) return null;
    for await (const line of linesOf(file)) {
      const sealed = openSeal(line.text);
      // A first line that was tampered with leaves its number to the next one.
      if (sealed) return sealed.sequence - (line.number - 1);
      if (line.number > 1000) break;
    }
    return undefined;
  } finally {
    await file.close();
  }
}

/** Null for what is gone or is not a regular file. */
export async function openForReading(path: string): Promise<FileHandle | null> {
  try {
    if (!(await lstat(path)).isFile()) return null;
    return await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ELOOP") return null;
    throw error;
  }
}

export async function statOf(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function refuseUnlessOwnFile(path: string, stats: Stats): void {
  const kind = stats.isSymbolicLink() ? "a symbolic link" : !stats.isFile() ? "not a regular file" : null;
  if (kind) throw new AuditRefusal(`${path} is ${kind}; move it away, or choose another audit.path`);
  if (stats.nlink > 1) {
    const find = `find / -xdev -inum ${stats.ino}`;
    throw new AuditRefusal(`${path} has ${stats.nlink} hard links; remove the others (${find}), or choose another audit.path`);
  }
}

/** A mistyped path must not turn somebody's file into a log. */
async function refuseUnlessAuditLog(path: string, file: FileHandle, size: number): Promise<void> {
  const last = await lastLine(file, size);
  if (last && openSeal(last.text)) return;
  for await (const line of linesOf(file)) {
    const tornOff = !line.whole && /^[0-9TZ:.-]{0,24}(?: #\d*(?: .*)?)?$/s.test(line.text);
    if (openSeal(line.text) || tornOff) return;
    break;
  }
  throw new AuditRefusal(`${path} holds something else than an audit log; move it away, or choose another audit.path`);
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
