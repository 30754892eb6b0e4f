/**
 * Notices when the content at a configuration path changes. The file may be saved in place, replaced by a rename, removed and
 * written again, or reached through a symbolic link that was changed (as Kubernetes does with `..data`).
 */

import { hash } from "node:crypto";
import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { lstat, readlink, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve, sep } from "node:path";
import { readConfigFile } from "./file.ts";
import { looker } from "./looker.ts";

export interface ConfigWatch {
  /** Resolves once changes are noticed at once, and changes made since the file was read have been reported. */
  readonly ready: Promise<void>;
  /** True while the file system of the file does not answer, so that changes are not noticed. */
  readonly isSilent: boolean;
  close(): void;
}

/** Editors and deployments touch a file several times. The file is read once it was quiet for this time. */
const QUIET_MS = 50;
/** The file is read at the latest after this time, also if it is never quiet. */
const PATIENCE_MS = 500;
/** Other mounts, network file systems and overflown queues send no notice. Comparing the file's times this often finds their changes. */
const LOOK_MS = 1000;
/** The kernel follows at most this many symbolic links. */
const MOST_LINKS = 40;
/** A file system that has not answered for this time counts as silent. */
const SILENT_MS = 5000;

/**
 * Calls `changed` after every change of the content, also when the file was removed; never two calls at a time. `changed` must
 * not throw. `since` holds the times of the file before it was read: if they differ now, `changed` is called, too. This function
 * returns at once.
 */
export function watchConfig(path: string, since: string, changed: () => void | Promise<void>): ConfigWatch {
  return new Watcher(resolve(path), since, changed, "content");
}

/** Does the same for a file that may be large. A file that is written again with the same content counts as changed, too. */
export function watchSince(path: string, since: string, changed: () => void | Promise<void>): ConfigWatch {
  return new Watcher(resolve(path), since, changed, "times");
}

class Watcher implements ConfigWatch {
  readonly ready: Promise<void>;
  private readonly path: string;
  private readonly changed: () => void | Promise<void>;
  /** Chooses how two states of the file are told apart. */
  private readonly compared: "times" | "content";
  private readonly directories = new Map<string, { names: Set<string>; notices: FSWatcher }>();
  private readonly looking: NodeJS.Timeout;
  private waiting: NodeJS.Timeout | undefined;
  private firstNotice = 0;
  /** The digest of the content; undefined until the content was read for the first time. */
  private digest: string | undefined;
  private times: string;
  private busy = false;
  private comparing = false;
  private again = false;
  private closed = false;
  /** Requests to the file system that are not answered yet, by the time at which each began. */
  private readonly asked = new Set<{ at: number }>();

  constructor(path: string, since: string, changed: () => void | Promise<void>, compared: "times" | "content") {
    this.path = path;
    this.times = since;
    this.changed = changed;
    this.compared = compared;
    this.ready = this.check();
    this.looking = setInterval(() => void this.look(), LOOK_MS).unref();
  }

  get isSilent(): boolean {
    return [...this.asked].some(({ at }) => performance.now() - at > SILENT_MS);
  }

  close(): void {
    this.closed = true;
    clearInterval(this.looking);
    clearTimeout(this.waiting);
    for (const { notices } of this.directories.values()) notices.close();
    this.directories.clear();
  }

  private notice(): void {
    if (this.closed) return;
    const now = performance.now();
    if (this.waiting === undefined) this.firstNotice = now;
    clearTimeout(this.waiting);
    const wait = Math.max(0, Math.min(QUIET_MS, this.firstNotice + PATIENCE_MS - now));
    this.waiting = setTimeout(() => {
      this.waiting = undefined;
      void this.check();
    }, wait).unref();
  }

  private async check(): Promise<void> {
    this.again = true;
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.again && !this.closed) {
        this.again = false;
        if (await this.read()) await this.changed();
      }
    } finally {
      this.busy = false;
    }
  }

  /** Returns whether the content differs from the last one. It starts watching before it reads, so that a later change is noticed. */
  private async read(): Promise<boolean> {
    await this.answer(looker.reads(this.path));
    if (this.closed) return false;
    await this.watchSteps();
    const times = await timesOf(this.path);
    let differs = times !== this.times;
    this.times = times;
    if (this.compared === "content") {
      const digest = await digestOf(this.path);
      if (this.digest !== undefined) differs = digest !== this.digest;
      else differs ||= (await timesOf(this.path)) !== times; // the first content may be newer than the times that were read before it
      this.digest = digest;
    }
    return differs && !this.closed;
  }

  private async look(): Promise<void> {
    if (this.comparing) return;
    this.comparing = true;
    await this.answer(looker.finds(this.path));
    if (!this.closed && (await inTurn(() => timesOf(this.path))) !== this.times) this.notice();
    this.comparing = false;
  }

  private async answer(answered: Promise<void>): Promise<void> {
    const question = { at: performance.now() };
    this.asked.add(question);
    await answered;
    this.asked.delete(question);
  }

  private async watchSteps(): Promise<void> {
    const steps = await stepsTo(this.path);
    if (this.closed) return;
    for (const [key, { notices }] of this.directories) {
      if (steps.has(key)) continue;
      notices.close();
      this.directories.delete(key);
    }
    for (const [key, { directory, names }] of steps) {
      const known = this.directories.get(key);
      if (known === undefined) this.watchDirectory(key, directory, names);
      else known.names = names;
    }
  }

  private watchDirectory(key: string, directory: string, names: Set<string>): void {
    const drop = (): void => {
      this.directories.get(key)?.notices.close();
      this.directories.delete(key);
    };
    try {
      const notices = watch(directory, { persistent: false }, (_, name) => {
        if (name === null || this.directories.get(key)?.names.has(name)) this.notice();
      });
      notices.on("error", drop);
      this.directories.set(key, { names, notices });
    } catch {
      // No watch can be had: the directory is gone, or the user's limit of watches is reached. look() finds changes anyway.
    }
  }
}

let turn: Promise<unknown> = Promise.resolve();

/** Looks at one file after the other. If a file system falls silent right after it has answered, it blocks one thread and not all. */
function inTurn<T>(look: () => Promise<T>): Promise<T> {
  const looked = turn.then(look);
  turn = looked;
  return looked;
}

interface Step {
  directory: string;
  /** The names in the directory that the path goes through. */
  names: Set<string>;
}

/**
 * Finds every directory that can change where the path leads, by its identity: another directory put in its place has another
 * identity.
 */
async function stepsTo(path: string): Promise<Map<string, Step>> {
  const steps = new Map<string, Step>();
  let directory: string = sep;
  let links = 0;
  const rest = path.split(sep);
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      directory = dirname(directory);
      continue;
    }
    try {
      const { dev, ino } = await lstat(directory);
      const key = `${dev}:${ino}`;
      const step = steps.get(key) ?? { directory, names: new Set<string>() };
      steps.set(key, step);
      step.names.add(name);
      const next = join(directory, name);
      if (!(await lstat(next)).isSymbolicLink()) {
        directory = next;
        continue;
      }
      if (++links > MOST_LINKS) break;
      const target = await readlink(next);
      if (isAbsolute(target)) directory = sep;
      rest.unshift(...target.split(sep));
    } catch {
      // The path ends here for now. A change in the directories before it is noticed.
      break;
    }
  }
  return steps;
}

async function digestOf(path: string): Promise<string> {
  const file = await readConfigFile(path);
  return "bytes" in file ? hash("sha256", file.bytes) : file.refused;
}

/** Returns facts of which at least one differs between two files, or between two states of one file. */
export async function timesOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join();
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
