/**
 * Hashes of the files that processes run, for whoever asks: of the very file, also when another one has its name by now
 * or it has none any more. A process of its own reads them, so that no event waits, whatever a file lies on.
 */

import { fork } from "node:child_process";
import { extname } from "node:path";

import type { Names } from "../events/decode.ts";
import type { ExecutableHash, ProcessReference, ProgramRun } from "../events/event.ts";
import { Recent } from "./recent.ts";

const CAPACITY = 1024;
/** Shorter than a command waits for its answer. */
const PATIENCE_MS = 8000;
const MOST_READERS = 4;

export interface HashQuestion {
  proc: string;
  runs: ProgramRun[];
  /** By file. */
  known: ReadonlyMap<string, string>;
}

export interface HashAnswer {
  /** Of the question. */
  index: number;
  hash: ExecutableHash;
  /** Which file it was, as long as nobody writes to it. */
  file?: string;
}

export interface ExecutableHashesOptions {
  /** Whether the process is known to run another program by now. */
  isOver(run: ProgramRun): boolean;
  proc?: string;
  patienceMs?: number;
}

export class ExecutableHashes {
  readonly #options: ExecutableHashesOptions;
  readonly #known = new Recent<string, string>(CAPACITY);
  /** That have not ended: who waits for a file may not even be killed. */
  #readers = 0;
  /** One question after the other: they would only read the same at once. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ExecutableHashesOptions) {
    this.#options = options;
  }

  /** What `list` answers with the names it is given, and the hashes of those processes that are in it. */
  async in<Row extends { process?: ProcessReference }>(list: (names: Names) => Row[] | Promise<Row[]>, names: Names): Promise<Row[]> {
    const runs = new WeakMap<ExecutableHash, ProgramRun>();
    const rows = await list({
      ...names,
      program(run, command) {
        const hash: ExecutableHash = {};
        runs.set(hash, run);
        return { ...names.program(run, command), hash };
      },
    });
    const wanted = rows.flatMap(({ process }) => process?.hash ?? []);
    const found = await this.of(wanted.map((hash) => runs.get(hash)!));
    for (const [index, hash] of wanted.entries()) Object.assign(hash, found[index]);
    return rows;
  }

  async of(runs: readonly ProgramRun[]): Promise<ExecutableHash[]> {
    const keys = runs.map(({ pid, startedNs, executions }) => `${pid}@${startedNs}/${executions}`);
    const each = new Map(keys.map((key, index) => [key, runs[index]!]));
    const deadline = performance.now() + (this.#options.patienceMs ?? PATIENCE_MS);
    const turn = this.#turn.then(() => this.#ask([...each.values()], deadline));
    this.#turn = turn.catch(() => {});
    const answers = await turn;
    const hashes = new Map(
      [...each].map(([key, run], index) => [key, this.#options.isOver(run) ? { missing: "another program" as const } : answers[index]!]),
    );
    return keys.map((key) => hashes.get(key)!);
  }

  async #ask(runs: ProgramRun[], deadline: number): Promise<ExecutableHash[]> {
    const hashes = runs.map((): ExecutableHash => ({ missing: "late" }));
    const left = deadline - performance.now();
    if (runs.length === 0 || left <= 0 || this.#readers >= MOST_READERS) return hashes;
    const reader = fork(new URL(`./hash-reader${extname(import.meta.filename)}`, import.meta.url), {
      execArgv: [],
      serialization: "advanced",
      stdio: "ignore",
    });
    if (reader.pid !== undefined) {
      this.#readers++;
      reader.once("exit", () => this.#readers--);
    }
    reader.on("message", ({ index, hash, file }: HashAnswer) => {
      hashes[index] = hash;
      if (file !== undefined && hash.sha256 !== undefined) this.#known.set(file, hash.sha256);
    });
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        timer = setTimeout(resolve, left); // who is killed may still wait for a file, and ends later
        reader.once("disconnect", resolve);
        reader.on("error", reject);
        reader.send(
          { proc: this.#options.proc ?? "/proc", runs, known: this.#known.all } satisfies HashQuestion,
          (error) => error && reject(error),
        );
      });
    } finally {
      clearTimeout(timer);
      reader.kill("SIGKILL");
      reader.unref();
    }
    return hashes;
  }
}
