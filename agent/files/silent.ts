/**
 * Tests in a process of its own whether files answer. A process that waits for a file system that never answers may not even be
 * killed, and would keep its locks and sockets until that file system is gone.
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";

import { LARGEST_FILE } from "./file.ts";

/** Part of a shell script that reads `$path`: a file whole, a directory by its names. Pipes and devices are looked up and not read. */
export const READ_PATH = `if [ -f "$path" ]; then head -c ${LARGEST_FILE} <"$path"; elif [ -d "$path" ]; then ls "$path"; fi >/dev/null 2>&1`;
/** The script prints the number of each path before it reads the path. */
const SCRIPT = `n=0; for path; do echo $n; n=$((n + 1)); ${READ_PATH}; done`;

/** The kernel itself answers for this file, so it is never silent. */
const KNOWN_TO_ANSWER = "/proc/version";
/** The other process reads that file this many times for each path: on a busy machine, one process may wait for its turn several times longer than another. */
const TIMES = 20;
/** If even that takes longer than this, the machine is too busy, and no path is blamed. */
export const MOST_MORE_MS = 50_000;

/** Waits for a promise that takes at most `MOST_MORE_MS`. The wait does not count against the caller's own time limit. */
export type Uncounted = <T>(wait: Promise<T>) => Promise<T>;

/**
 * Finds a path that does not answer in time. When the time is over, a second process does more reads on a file system that is
 * known to answer. The path is blamed only if the second process ends first, so a busy machine alone is no reason. Resolves to
 * undefined where all paths answer (missing ones included), and where no process can be started.
 */
export async function findSilent(
  paths: readonly string[],
  withinMs: number,
  uncounted: Uncounted = (wait) => wait,
): Promise<string | undefined> {
  const scout = new Scout(paths);
  if (await scout.endsWithin(withinMs)) return undefined;
  const control = new Scout(Array.from({ length: TIMES * paths.length }, () => KNOWN_TO_ANSWER));
  await uncounted(Promise.race([scout.endsWithin(MOST_MORE_MS), control.endsWithin(MOST_MORE_MS)]));
  const isSilent = !scout.isOver && control.isDone;
  const at = scout.at;
  scout.leave();
  control.leave();
  return isSilent ? (paths[at] ?? paths[0]) : undefined;
}

class Scout {
  readonly #child: ChildProcessByStdio<null, Readable, null>;
  readonly #end: Promise<void>;
  readonly #left = new AbortController();
  #said = "";
  /** True once the process has read all paths. */
  isDone = false;
  /** True once the process has ended, or could not be started. */
  isOver = false;

  constructor(paths: readonly string[]) {
    const child = spawn("/bin/sh", ["-c", SCRIPT, "sh", ...paths.map((path) => resolve(path))], {
      stdio: ["ignore", "pipe", "ignore"],
      cwd: "/",
    });
    this.#child = child;
    this.#end = new Promise((settle) => {
      const end = (code?: number | null): void => {
        this.isOver = true;
        this.isDone = code === 0;
        this.#left.abort();
        settle();
      };
      child.once("error", () => end());
      child.once("close", end);
    });
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.#said += text)); // if no descriptor is left, the process has no stdout
  }

  /** Returns the index of the path that the process reads now. */
  get at(): number {
    return Number(this.#said.trimEnd().split("\n").at(-1));
  }

  /** Resolves to false if the process has not ended within the time. */
  async endsWithin(ms: number): Promise<boolean> {
    await Promise.race([this.#end, pause(ms, undefined, { signal: this.#left.signal }).catch(() => {})]);
    return this.isOver;
  }

  /** Stops waiting for the process. It may go on until its file system answers, whatever signal it gets. */
  leave(): void {
    this.#left.abort();
    if (this.isOver) return;
    this.#child.kill("SIGKILL");
    this.#child.stdout.destroy();
    this.#child.unref();
  }
}
