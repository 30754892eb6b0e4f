/**
 * Each distinct `process` of rules is a kind, with a number. The kernel stores for each process which kinds it has, so it
 * compares no texts when a packet comes.
 */

import { PROCESS_KEYS, type ProcessConfig, type ProcessKey, textsOf } from "./fields/process.ts";
import { quote } from "../values/quote.ts";
import type { RuleConfig } from "./rule.ts";
import { KnownKinds, Limit } from "../generated/layout.ts";
import { fitsAspect } from "./fields/process.ts";
import type { LocalProcess } from "./subject.ts";
import { type Truth, every, some } from "./three-valued.ts";

/** The texts by key in the order of PROCESS_KEYS, each list sorted, so that two kinds which mean the same have the same texts. */
export type ProcessKind = Readonly<Partial<Record<ProcessKey, readonly string[]>>>;

export class ProcessKinds {
  readonly list: readonly ProcessKind[];
  readonly #numbers: ReadonlyMap<string, number>;

  constructor(list: readonly ProcessKind[]) {
    this.list = list;
    this.#numbers = new Map(list.map((kind, number) => [JSON.stringify(kind), number]));
  }

  /**
   * Makes the kinds of the rules. If `before` has all of them, they keep its numbers. If not, `atEnd` puts the new ones behind
   * those of `before`.
   */
  static of(rules: readonly RuleConfig[], before: readonly ProcessKind[] = [], atEnd = false): ProcessKinds {
    const said = new Map(rules.flatMap(processesOf).map((process) => [JSON.stringify(kindOf(process)), kindOf(process)]));
    const known = new Set(before.map((kind) => JSON.stringify(kind)));
    const fresh = [...said].filter(([key]) => !known.has(key)).map(([, kind]) => kind);
    return new ProcessKinds(atEnd || fresh.length === 0 ? [...before, ...fresh] : [...said.values()]);
  }

  /** Returns undefined if none of the rules has this `process`. */
  numberOf(process: ProcessConfig): number | undefined {
    return this.#numbers.get(JSON.stringify(kindOf(process)));
  }

  /** Returns a sentence for the operator if the kinds do not fit into the tables. */
  problemOf(rules: readonly RuleConfig[]): string | undefined {
    const patterns = this.list.reduce((sum, kind) => sum + patternsOf(kind).length, 0);
    const beyond = (limit: number, cost: (kind: ProcessKind) => number): string => {
      let sum = 0;
      const late = new Set(this.list.filter((kind) => (sum += cost(kind)) > limit).map((kind) => JSON.stringify(kind)));
      return rules
        .filter((rule) => processesOf(rule).some((process) => late.has(JSON.stringify(kindOf(process)))))
        .map(({ name }) => quote(name))
        .slice(0, 5)
        .join(", ");
    };
    if (this.list.length > Limit.KINDS) {
      return `rules may have ${Limit.KINDS} different "process" conditions, these have ${this.list.length}; beyond the limit are those of ${beyond(Limit.KINDS, () => 1)}: join rules that do the same into one with lists`;
    }
    if (patterns > Limit.PATTERNS) {
      return `rules may name ${Limit.PATTERNS} executables, commands and parents, these name ${patterns}; beyond the limit are those of ${beyond(Limit.PATTERNS, (kind) => patternsOf(kind).length)}: use patterns as "/opt/app/*"`;
    }
    return undefined;
  }
}

/** Returns the `process` of a rule and that of its `not`. */
export function processesOf({ process, not }: RuleConfig): ProcessConfig[] {
  return [process, not?.process].filter((said) => said !== undefined);
}

/** Returns the patterns that the kernel compares when a process starts a program. */
export function patternsOf(kind: ProcessKind): { key: "executable" | "command" | "parent"; text: string }[] {
  return (["executable", "command", "parent"] as const).flatMap((key) => (kind[key] ?? []).map((text) => ({ key, text })));
}

/** Returns the content of a struct known_kinds for a process, which is undefined if the process is not known. */
export function knownKinds(list: readonly ProcessKind[], process: LocalProcess | null | undefined): Buffer {
  return packKnownKinds(
    list,
    (kind) => process !== null && fitsKind(kind, PROCESS_KEYS, (key, text) => fitsAspect(key, text, process ?? {})),
  );
}

/** Returns whether the kind fits under these keys: for each key, one text has to fit. */
export function fitsKind<Key extends ProcessKey>(
  kind: ProcessKind,
  keys: readonly Key[],
  fitsText: (key: Key, text: string) => Truth,
): Truth {
  return every(keys.flatMap((key) => (kind[key] === undefined ? [] : [some(kind[key].map((text) => fitsText(key, text)))])));
}

/** Writes a struct known_kinds. */
export function packKnownKinds(list: readonly ProcessKind[], answerTo: (kind: ProcessKind) => Truth): Buffer {
  const bytes = Buffer.alloc(KnownKinds.size);
  for (const [number, kind] of list.entries()) {
    const answer = answerTo(kind);
    if (answer === true) setKind(bytes, KnownKinds.certain.at, number);
    if (answer !== false) setKind(bytes, KnownKinds.possible.at, number);
  }
  return bytes;
}

/** Sets a kind in the struct kinds that begins at `at`. */
export function setKind(bytes: Buffer, at: number, number: number): void {
  bytes[at + (number >> 3)]! |= 1 << (number & 7);
}

function kindOf(process: ProcessConfig): ProcessKind {
  const said = PROCESS_KEYS.map((key) => [key, [...new Set(textsOf(process, key))].sort()] as const);
  return Object.fromEntries(said.filter(([, texts]) => texts.length > 0));
}
