/**
 * Reads big configurations and compiles many rules in a thread, so that the main thread goes on reading events. The thread lives
 * only as long as there is something to load. Small files are loaded at once and without it. Rules go from thread to thread in
 * portions, because a thread deserialises a whole message without a pause.
 */

import { once } from "node:events";
import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";

import { loadConfig } from "../../config/load.ts";
import type { RuleConfig } from "../policy/rule.ts";
import { compile, RulesRefused, withoutImages } from "../policy/compile.ts";
import type { Before, CompiledRules, RulesSource } from "../policy/compiled.ts";
import type { Load } from "../../config/settings.ts";

/** The number of rules in one message, which takes some milliseconds. */
export const CHUNK = 1000;
/** Up to this size, starting a thread costs more than it saves. */
const SMALL_FILE = 256 * 1024;
const FEW_RULES = 2000;

type LoadedAnswer = Awaited<ReturnType<Load>>;

export type LoadRequest =
  | { ask: "load"; path: string; calledPath: string }
  | { ask: "rules"; from: number }
  | { ask: "forget" }
  | { ask: "take"; rules: RuleConfig[] }
  | { ask: "compile"; source: Omit<RulesSource, "rules">; before: Before | undefined };

export interface LoadReply {
  /** The configuration without its rules, which are requested in portions. */
  loaded?: LoadedAnswer;
  count?: number;
  rules?: RuleConfig[];
  compiled?: CompiledRules;
  refused?: readonly string[];
}

export class LoadThread implements AsyncDisposable {
  #worker: Worker | undefined;
  /** The rules that the thread has. */
  #rules: readonly RuleConfig[] | undefined;

  readonly load: Load = async (path, calledPath = path) => {
    const size = await stat(path).then(
      (stats) => stats.size,
      () => 0,
    ); // loading reports what is wrong
    if (size <= SMALL_FILE) return loadConfig(path, calledPath);
    const { loaded, count } = await this.#ask({ ask: "load", path, calledPath });
    if (!loaded!.ok) return loaded!;
    const { rules } = loaded!.config;
    while (rules.length < count!) rules.push(...(await this.#ask({ ask: "rules", from: rules.length })).rules!);
    this.#rules = rules;
    return loaded!;
  };

  /** Throws RulesRefused. */
  async compile(
    { defaults, failsafe, sets, inspect_tunnels, packet_sockets, events_per_second, front = [], rules }: RulesSource,
    previous?: Before,
  ): Promise<CompiledRules> {
    const source = { defaults, failsafe, sets, inspect_tunnels, packet_sockets, events_per_second, front };
    if (front.length + rules.length <= FEW_RULES) return compile({ ...source, rules }, previous);
    if (this.#rules !== rules) await this.#send(rules);
    const { compiled, refused } = await this.#ask({ ask: "compile", source, before: previous && withoutImages(previous) });
    if (refused !== undefined) throw new RulesRefused(refused);
    return compiled!;
  }

  async #send(rules: readonly RuleConfig[]): Promise<void> {
    const worker = this.#start();
    worker.postMessage({ ask: "forget" } satisfies LoadRequest);
    for (let from = 0; from < rules.length; from += CHUNK) {
      worker.postMessage({ ask: "take", rules: rules.slice(from, from + CHUNK) } satisfies LoadRequest);
      await nextTurn();
    }
    this.#rules = rules;
  }

  async #ask(question: LoadRequest): Promise<LoadReply> {
    const worker = this.#start();
    const answered = new AbortController();
    worker.postMessage(question);
    try {
      return await Promise.race([
        once(worker, "message", answered).then(([answer]) => answer as LoadReply), // this rejects if the thread fails
        once(worker, "exit", answered).then(([code]) =>
          Promise.reject(new Error(`the thread that loads rules ended with ${code} before it answered`)),
        ),
      ]);
    } finally {
      answered.abort();
    }
  }

  #start(): Worker {
    return (this.#worker ??= new Worker(new URL(`./load-worker${extname(import.meta.filename)}`, import.meta.url)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.terminate();
  }
}
