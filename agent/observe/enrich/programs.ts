/**
 * Looks up the program that a process runs: its file, arguments and ancestors. The kernel reports each program that is started,
 * or inherited by a new process, so the programs of processes that are gone are known, too. Processes that are older than the
 * agent are looked up in /proc while they exist. The oldest entries are forgotten first; of these, only processes that are gone
 * cannot be looked up again.
 */

import { readFileSync, readlinkSync } from "node:fs";
import { uptime } from "node:os";
import { basename } from "node:path";

import type { Ancestor, ProgramReference, ProgramRun } from "../events/event.ts";
import { ProgramStarted } from "../../generated/layout.ts";
import { ofProcess } from "./process-files.ts";
import { Recent } from "./recent.ts";
import { Share } from "./share.ts";
import { maskArguments } from "./secrets.ts";

const CAPACITY = 16_384;
const ANCESTORS = 8;
const ARGUMENTS_LIMIT = ProgramStarted.arguments.count;
/** The first process and the kernel's threads are ancestors of everything, so they tell nothing. */
const FIRST_OF_ALL: ReadonlySet<number> = new Set([0, 1, 2]);
/** Milliseconds of each second for look-ups in /proc. One look-up takes a twentieth of a millisecond. */
const LOOKING_UP_MS = 100;
const TICK_NS = 10_000_000n;

export interface ProgramsOptions {
  /** Passes to `learn` what the kernel has reported since. */
  catchUp(): void;
  proc?: string;
}

/** A run without a count of executions stands for whatever the process runs now. */
type Run = Omit<ProgramRun, "executions"> & Partial<ProgramRun>;

interface Known {
  /** The path under which it was started. */
  path: string;
  words: string[];
  parent: Run;
  ancestors?: Ancestor[];
  reference?: ProgramReference;
}

export class Programs {
  readonly #options: ProgramsOptions;
  readonly #proc: string;
  readonly #share = new Share(LOOKING_UP_MS);
  /** The arguments of processes that are older than the agent. A process may keep a reader of its arguments waiting. */
  readonly #olderArguments = new Recent<string, string[]>(CAPACITY);
  readonly #known = new Recent<string, Known | "unknown">(CAPACITY);

  constructor(options: ProgramsOptions) {
    this.#options = options;
    this.#proc = options.proc ?? "/proc";
  }

  /** The number of look-ups that were not made. */
  get skipped(): number {
    return this.#share.skipped;
  }

  /** Takes the kernel's records of struct program_started. */
  learn(records: Buffer): void {
    for (let at = 0; at + ProgramStarted.size <= records.length; at += ProgramStarted.size)
      this.#learn(records.subarray(at, at + ProgramStarted.size));
  }

  /** Takes records of the same struct about processes that are older than the agent. Only their arguments are used. */
  learnOlder(records: Buffer): void {
    for (let at = 0; at + ProgramStarted.size <= records.length; at += ProgramStarted.size) {
      const record = records.subarray(at, at + ProgramStarted.size);
      this.#olderArguments.set(keyOf(runOf(record)), argumentsOf(record));
    }
  }

  #learn(record: Buffer): void {
    const run = runOf(record);
    const parent = {
      pid: record.readUInt32LE(ProgramStarted.parent_pid),
      startedNs: record.readBigUInt64LE(ProgramStarted.parent_started_ns),
      executions: record.readUInt16LE(ProgramStarted.parent_executions) & 0xff,
    };
    if (record[ProgramStarted.forked] === 1) {
      const maker = this.#known.get(keyOf(parent));
      if (maker !== undefined && maker !== "unknown") this.#known.set(keyOf(run), { path: maker.path, words: maker.words, parent });
      const older = this.#olderArguments.get(keyOf(parent));
      if (older !== undefined) this.#olderArguments.set(keyOf(run), older);
      return;
    }
    this.#known.set(keyOf(run), {
      path: text(record.subarray(ProgramStarted.path.at, ProgramStarted.path.at + ProgramStarted.path.count)),
      words: argumentsOf(record),
      parent,
    });
  }

  /** `command` is the name that the process had when it was seen. */
  of(run: ProgramRun, command: string): ProgramReference {
    const key = keyOf(run);
    let known = this.#known.get(key);
    if (known === undefined) {
      this.#options.catchUp();
      known = this.#known.get(key) ?? this.#keep(key, () => this.#older(run));
    }
    if (known === "unknown") return {};
    if (known.reference !== undefined) return known.reference;
    const before = this.#share.skipped;
    const reference = this.#describe(run, known, command);
    if (this.#share.skipped === before) known.reference = reference;
    return reference;
  }

  /** Returns whether the process is known to run another program by now. */
  isOver(run: ProgramRun): boolean {
    this.#options.catchUp();
    return this.#known.get(keyOf({ ...run, executions: (run.executions + 1) & 0xff })) !== undefined;
  }

  /** Looks up a process that is older than the agent, unless it runs another program by now. */
  #older(run: ProgramRun): Known | undefined {
    const now = this.#ask(run);
    return this.isOver(run) ? undefined : now;
  }

  #describe(run: ProgramRun, known: Known, command: string): ProgramReference {
    const { path, words } = known;
    // Its name shows that it still runs the program that was seen.
    const files = this.#share.use(
      () =>
        ofProcess(this.#proc, run.pid, run.startedNs, (folder) =>
          readFileSync(`${folder}/comm`, "utf8").trimEnd() === command
            ? { executable: linkOf(`${folder}/exe`), directory: linkOf(`${folder}/cwd`) }
            : {},
        ),
      undefined,
    );
    const executable = files?.executable ?? (path.startsWith("/") ? path : undefined);
    const ancestors = this.#ancestorsOf(known);
    return {
      ...(executable === undefined ? {} : { executable }),
      ...(words.length === 0 ? {} : { arguments: maskArguments(words) }),
      ...(files?.directory === undefined ? {} : { directory: files.directory }),
      started: new Date(Math.round(Date.now() - uptime() * 1000 + Number(run.startedNs) / 1e6)).toISOString(),
      ...(ancestors.length === 0 ? {} : { ancestors }),
    };
  }

  /** Returns the ancestors, the nearest first. Those of the parent are kept for its next child, because a shell has many. */
  #ancestorsOf(run: Known): Ancestor[] {
    const parent = this.#find(run.parent);
    if (parent === undefined) return [];
    parent.ancestors ??= this.#walk(parent.parent);
    return [{ pid: run.parent.pid, name: basename(parent.path) }, ...parent.ancestors].slice(0, ANCESTORS);
  }

  #walk(from: Run): Ancestor[] {
    const found: Ancestor[] = [];
    for (let run = from, known = this.#find(run); known !== undefined && found.length < ANCESTORS; known = this.#find(run)) {
      found.push({ pid: run.pid, name: basename(known.path) });
      run = known.parent;
    }
    return found;
  }

  #find(run: Run): Known | undefined {
    if (FIRST_OF_ALL.has(run.pid)) return undefined;
    if (!isCounted(run)) return this.#ask(run);
    const key = keyOf(run);
    const known = this.#known.renew(key) ?? this.#keep(key, () => this.#older(run));
    return known === "unknown" ? undefined : known;
  }

  /** A look-up that could not be made this time is made the next time. */
  #keep(key: string, ask: () => Known | undefined): Known | "unknown" {
    const before = this.#share.skipped;
    const known = ask() ?? "unknown";
    return this.#share.skipped === before ? this.#known.set(key, known) : known;
  }

  /** Reads what the process shows under /proc now. */
  #ask(run: Run): Known | undefined {
    const { pid, startedNs } = run;
    return this.#share.use(
      () =>
        ofProcess(this.#proc, pid, startedNs, (folder) => ({
          path: linkOf(`${folder}/exe`) ?? readFileSync(`${folder}/comm`, "utf8").trimEnd(),
          words: isCounted(run) ? (this.#olderArguments.get(keyOf(run)) ?? []) : [],
          parent: this.#parentOf(folder),
        })),
      undefined,
    );
  }

  #parentOf(folder: string): Run {
    const parent = Number(statOf(folder)[1]);
    try {
      return { pid: parent, startedNs: BigInt(statOf(`${this.#proc}/${parent}`)[19]!) * TICK_NS };
    } catch {
      return { pid: 0, startedNs: 0n };
    }
  }
}

function runOf(record: Buffer): ProgramRun {
  return {
    pid: record.readUInt32LE(ProgramStarted.pid),
    startedNs: record.readBigUInt64LE(ProgramStarted.started_ns),
    executions: record.readUInt16LE(ProgramStarted.executions) & 0xff,
  };
}

function argumentsOf(record: Buffer): string[] {
  const length = Math.min(record.readUInt16LE(ProgramStarted.arguments_length), ARGUMENTS_LIMIT);
  return wordsOf(record.subarray(ProgramStarted.arguments.at, ProgramStarted.arguments.at + length));
}

function isCounted(run: Run): run is ProgramRun {
  return run.executions !== undefined;
}

function keyOf({ pid, startedNs, executions }: Run): string {
  return `${pid}@${startedNs}/${executions}`;
}

/** Returns the fields after the command, which is in parentheses and may contain any character. */
function statOf(folder: string): string[] {
  const stat = readFileSync(`${folder}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Splits arguments into words. If they were cut, the last word is left out, because half a secret does not look like one. */
function wordsOf(bytes: Buffer): string[] {
  const words = bytes.toString("utf8").split("\0");
  const last = words.pop()!;
  if (bytes.length === ARGUMENTS_LIMIT) return [...words, "…"];
  return last === "" ? words : [...words, last];
}

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}
