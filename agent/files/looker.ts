/**
 * Waits for files in a process of its own before this process touches them. A file system that does not answer blocks every
 * thread that waits for it: four such waits would take all the threads that Node has for files, and a process that waits can
 * often not even be killed. The process is a shell, which is small; one shell serves all files as long as they answer.
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";

import { READ_PATH } from "./silent.ts";

/** After this time the shell is left to the file that it waits for, and a new shell serves the other files. */
const LEAVE_MS = 5000;

/**
 * The script reads the kind of the errand, the number of newlines in the path, and the path. It writes a line once the file
 * system has answered.
 */
const SCRIPT = `while read -r what more; do
IFS= read -r path
while [ "$more" -gt 0 ]; do IFS= read -r line; path="$path
$line"; more=$((more - 1)); done
if [ "$what" = read ]; then ${READ_PATH}; else [ -e "$path" ]; fi
echo
done`;

interface Errand {
  what: "find" | "read";
  path: string;
  done(): void;
}

class Looker {
  readonly #waiting: Errand[] = [];
  /** The errands that have not ended. A second request for the same path waits for the answer to the first. */
  readonly #open = new Map<string, Promise<void>>();
  #shell: Shell | undefined;

  /** Resolves once the path was looked up, whether or not it exists. It also resolves when no process can be started for the look-up. */
  finds(path: string): Promise<void> {
    return this.#ask("find", path);
  }

  /** Resolves once a file was read whole, or once the names in a directory were read. */
  reads(path: string): Promise<void> {
    return this.#ask("read", path);
  }

  /** Resolves to true if a file was not read whole in time. */
  async isSilent(path: string, withinMs: number): Promise<boolean> {
    const late = new AbortController();
    const isLate = pause(withinMs, true, late);
    const silent = await Promise.race([this.reads(path).then(() => false), isLate]);
    late.abort();
    await isLate.catch(() => {}); // the errand was called off
    return silent;
  }

  #ask(what: Errand["what"], wanted: string): Promise<void> {
    const path = resolve(wanted); // the shell must not keep a folder of the agent busy
    const key = `${what} ${path}`;
    const open =
      this.#open.get(key) ??
      new Promise<void>((settle) => {
        this.#waiting.push({ what, path, done: () => (this.#open.delete(key), settle()) });
      });
    this.#open.set(key, open);
    this.#next();
    return open;
  }

  #next(): void {
    if (this.#waiting.length === 0 || this.#shell?.isBusy === true) return;
    this.#shell ??= new Shell((shell, isOver) => {
      if (isOver && this.#shell === shell) this.#shell = undefined;
      this.#next();
    });
    this.#shell.run(this.#waiting.shift()!);
  }
}

class Shell {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  /** This is called when the shell is free for another errand, or has ended. */
  readonly #onFree: (shell: Shell, isOver: boolean) => void;
  #errand: Errand | undefined;
  #late: NodeJS.Timeout | undefined;

  constructor(onFree: (shell: Shell, isOver: boolean) => void) {
    this.#onFree = onFree;
    this.#child = spawn("/bin/sh", ["-c", SCRIPT], { stdio: ["pipe", "pipe", "ignore"], cwd: "/" });
    this.#child.once("error", () => this.#end(true)); // if no descriptor is left, the shell has no pipes either
    this.#child.once("close", () => this.#end(true));
    this.#child.stdin?.on("error", () => {}); // the shell has ended, and "close" follows
    this.#child.stdout?.on("data", () => this.#end(false));
    this.#keepsProcess(false);
  }

  get isBusy(): boolean {
    return this.#errand !== undefined;
  }

  run(errand: Errand): void {
    this.#errand = errand;
    this.#keepsProcess(true);
    this.#late = setTimeout(() => this.#leave(), LEAVE_MS).unref();
    this.#child.stdin?.write(`${errand.what} ${errand.path.split("\n").length - 1}\n${errand.path}\n`);
  }

  /**
   * The shell ends by itself when the file system answers or is gone. A shell whose file system does neither cannot be killed by
   * anybody.
   */
  #leave(): void {
    this.#keepsProcess(false);
    this.#child.stdin?.end();
    this.#onFree(this, true);
  }

  #end(isOver: boolean): void {
    clearTimeout(this.#late);
    this.#keepsProcess(false);
    this.#errand?.done();
    this.#errand = undefined;
    this.#onFree(this, isOver);
  }

  /** The shell keeps this process alive only while it has an errand that is not late yet. */
  #keepsProcess(keeps: boolean): void {
    const { stdin, stdout } = this.#child;
    for (const held of [this.#child, stdin as Socket | undefined, stdout as Socket | undefined]) held?.[keeps ? "ref" : "unref"]();
  }
}

/** The whole process shares this looker. */
export const looker = new Looker();
