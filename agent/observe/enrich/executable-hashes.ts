/**
 * Computes on request hashes of the files that processes run. The hash is that of the very file, also when another file has its
 * name by now, or it has no name any more. A process of its own reads the files, so no event waits, whatever a file lies on.
 */

import { fork } from "node:child_process";
import { extname } from "node:path";

import type { Names } from "../events/decode.ts";
import type { ExecutableHash, ProcessReference, ProgramRun } from "../events/event.ts";
import { Recent } from "./recent.ts";

const CAPACITY = 1024;
/** The time limit, which is shorter than a command waits for its answer. */
const PATIENCE_MS = 8000;
const MOST_READERS = 4;

export interface HashQuestion {
  proc: string;
  runs: ProgramRun[];
  /** The known hashes, by file. */
  known: ReadonlyMap<string, string>;
}

export interface HashAnswer {
  /** The index of the question. */
  index: number;
  hash: ExecutableHash;
  /** The identity of the file, which changes when somebody writes to it. */
  file?: string;
}

export interface ExecutableHashesOptions {
  /** Returns whether the process is known to run another program by now. */
  isOver(run: ProgramRun): boolean;
  proc?: string;
  patienceMs?: number;
}

export class ExecutableHashes {
  readonly #options: ExecutableHashesOptions;
  readonly #known = new Recent<string, string>(CAPACITY);
  /** The number of readers that have not ended. A reader that waits for a file may not even be killed. */
  #readers = 0;
  /** Questions run one after the other, because at the same time they would only read the same files. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ExecutableHashesOptions) {
    this.#options = options;
  }

  /** Calls `list` with the function that names programs, and returns the result with the hashes of the processes in it. */
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
        timer = setTimeout(resolve, left); // a killed reader may still wait for a file, and ends later
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
