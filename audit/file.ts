/** Opens the files of the audit log without trusting what is on the disk, and lists them in the order in which they were written. */

import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeFolder } from "../agent/files/folders.ts";
import { openSeal } from "./chain.ts";
import { lastLine, linesOf } from "./lines.ts";

/** Thrown if weir will not write to a file at all: the operator has to look at it first. */
export class AuditRefusal extends Error {
  override name = "AuditRefusal";
}

const { O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_DIRECTORY } = constants;
const PRIVATE = 0o600;

/** Makes sure that the folder exists and nobody but its owner can change its content. Returns its path without symbolic links. */
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
  /** The repairs that were made, one sentence each. */
  repairs: string[];
}

/**
 * Opens the log for appending, and creates it if there is none. It never follows a link, never waits, and never writes to a file
 * that is not its own.
 */
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

/** Returns whether the path still leads to this very file, private and with this size. */
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

/** Makes a rename or a new file survive a power failure. */
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
  /** The sequence number of the first record in it. */
  first: number;
  /** True for the file at the configured path, to which records are appended. */
  current: boolean;
}

/**
 * Lists the log's files that are not empty, oldest first. Rotated files are called `audit.log.1042` after their first record. The
 * order is taken from their content, so that files which another tool moved to `audit.log.1` are read, too.
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

/** Returns whether there is a log: its current file or, as in the middle of a rotation, other files of it. */
export async function isAnyOfLog(path: string): Promise<boolean> {
  if ((await statOf(path)) !== null) return true;
  try {
    return (await listLog(path)).length > 0;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return false;
    throw error;
  }
}

/** Returns null for a file that is empty or not regular, undefined if no line near the start can be read. */
async function firstSequence(path: string): Promise<number | null | undefined> {
  const file = await openForReading(path);
  if (!file) return null;
  try {
    if ((await file.stat()).size === 0) return null;
    for await (const line of linesOf(file)) {
      const sealed = openSeal(line.text);
      // If the first line was tampered with, the next one gives its number.
      if (sealed) return sealed.sequence - (line.number - 1);
      if (line.number > 1000) break;
    }
    return undefined;
  } finally {
    await file.close();
  }
}

/** Returns null for a file that is gone or not regular. */
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

/** Refuses a file that is no audit log: a mistyped path must not turn somebody's file into a log. */
async function refuseUnlessAuditLog(path: string, file: FileHandle, size: number): Promise<void> {
  const last = await lastLine(file, size);
  if (last && openSeal(last.text)) return;
  for await (const line of linesOf(file)) {
    const tornOff = !line.whole && /^[0-9TZ:.-]{0,24}(?: #\d*(?: .*)?)?$/s.test(line.text);
    if (openSeal(line.text) || tornOff) return;
    break;
  }
  throw new AuditRefusal(`${path} is not an audit log; move it away, or choose another audit.path`);
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
