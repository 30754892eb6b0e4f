/** Runs in a thread of its own: reads a configuration and compiles rules for load-thread.ts, which sends the requests. */

import { parentPort } from "node:worker_threads";

import { loadConfig } from "../../config/load.ts";
import type { RuleConfig } from "../policy/rule.ts";
import { CHUNK, type LoadReply, type LoadRequest } from "./load-thread.ts";
import { compile, RulesRefused } from "../policy/compile.ts";
import type { CompiledRules } from "../policy/compiled.ts";

const port = parentPort!;
/** The rules of the file that was read, or those that were sent since. */
let rules: RuleConfig[] = [];

port.on("message", (question: LoadRequest) => void answerTo(question));

async function answerTo(question: LoadRequest): Promise<void> {
  switch (question.ask) {
    case "load":
      return answer(await load(question.path, question.calledPath));
    case "rules":
      return answer({ rules: rules.slice(question.from, question.from + CHUNK) });
    case "forget":
      rules = [];
      return;
    case "take":
      for (const rule of question.rules) rules.push(rule);
      return;
    case "compile":
      try {
        const compiled = compile({ ...question.source, rules }, question.before);
        return port.postMessage({ compiled } satisfies LoadReply, buffersOf(compiled));
      } catch (error) {
        if (!(error instanceof RulesRefused)) throw error; // this ends the thread, and the caller gets the error
        return answer({ refused: error.problems });
      }
  }
}

async function load(path: string, calledPath: string): Promise<LoadReply> {
  const loaded = await loadConfig(path, calledPath);
  if (!loaded.ok) return { loaded };
  const { locate: _, ...plain } = loaded;
  rules = loaded.config.rules;
  return { loaded: { ...plain, config: { ...loaded.config, rules: [] } }, count: rules.length };
}

function answer(said: LoadReply): void {
  port.postMessage(said);
}

/** Returns each buffer once, because arrays may share one. */
function buffersOf({ front, file }: CompiledRules): ArrayBuffer[] {
  const arrays = [front, file].flatMap(({ slots, image }) => [slots.fingerprints, slots.slots, image!.cells, image!.rules]);
  return [...new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer))];
}
