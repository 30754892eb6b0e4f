/**
 * Each distinct `process` that rules have is a kind, with a number. The kernel knows of each process the kinds it is of,
 * and nothing of what rules say of them when a packet comes.
 */

import { PROCESS_KEYS, type ProcessConfig, type ProcessKey, textsOf } from "./fields/process.ts";
import { quote } from "../values/quote.ts";
import type { RuleConfig } from "./rule.ts";
import { KnownKinds, Limit } from "../generated/layout.ts";
import { fitsAspect } from "./fields/process.ts";
import type { LocalProcess } from "./subject.ts";
import { type Answer, every, some } from "./three-valued.ts";

/** By key in the order of PROCESS_KEYS, each list sorted: of two kinds that mean the same the texts are the same. */
export type Kind = Readonly<Partial<Record<ProcessKey, readonly string[]>>>;

export class Kinds {
  readonly list: readonly Kind[];
  readonly #numbers: ReadonlyMap<string, number>;

  constructor(list: readonly Kind[]) {
    this.list = list;
    this.#numbers = new Map(list.map((kind, number) => [JSON.stringify(kind), number]));
  }

  /** Of the rules, with the numbers of `before` where that has them all; `atEnd`: where it has not, they come behind. */
  static of(rules: readonly RuleConfig[], before: readonly Kind[] = [], atEnd = false): Kinds {
    const said = new Map(rules.flatMap(processesOf).map((process) => [JSON.stringify(kindOf(process)), kindOf(process)]));
    const known = new Set(before.map((kind) => JSON.stringify(kind)));
    const fresh = [...said].filter(([key]) => !known.has(key)).map(([, kind]) => kind);
    return new Kinds(atEnd || fresh.length === 0 ? [...before, ...fresh] : [...said.values()]);
  }

  /** undefined where none of the rules says so. */
  numberOf(process: ProcessConfig): number | undefined {
    return this.#numbers.get(JSON.stringify(kindOf(process)));
  }

  /** What does not fit, in words for the operator. */
  problemOf(rules: readonly RuleConfig[]): string | undefined {
    const patterns = this.list.reduce((sum, kind) => sum + patternsOf(kind).length, 0);
    const beyond = (limit: number, cost: (kind: Kind) => number): string => {
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

/** Of one rule: the processes it is about, and those that it leaves out. */
export function processesOf({ process, not }: RuleConfig): ProcessConfig[] {
  return [process, not?.process].filter((said) => said !== undefined);
}

/** What the kernel compares when a process starts a program. */
export function patternsOf(kind: Kind): { key: "executable" | "command" | "parent"; text: string }[] {
  return (["executable", "command", "parent"] as const).flatMap((key) => (kind[key] ?? []).map((text) => ({ key, text })));
}

/** struct known_kinds of a process, which is undefined where it is not known. */
export function knownKinds(list: readonly Kind[], process: LocalProcess | null | undefined): Buffer {
  return packKnownKinds(
    list,
    (kind) => process !== null && fitsKind(kind, PROCESS_KEYS, (key, text) => fitsAspect(key, text, process ?? {})),
  );
}

/** What a kind says under these keys: one text of each has to fit. */
export function fitsKind<Key extends ProcessKey>(kind: Kind, keys: readonly Key[], fitsText: (key: Key, text: string) => Answer): Answer {
  return every(keys.flatMap((key) => (kind[key] === undefined ? [] : [some(kind[key].map((text) => fitsText(key, text)))])));
}

/** struct known_kinds. */
export function packKnownKinds(list: readonly Kind[], answerTo: (kind: Kind) => Answer): Buffer {
  const bytes = Buffer.alloc(KnownKinds.size);
  for (const [number, kind] of list.entries()) {
    const answer = answerTo(kind);
    if (answer === true) setKind(bytes, KnownKinds.certain.at, number);
    if (answer !== false) setKind(bytes, KnownKinds.possible.at, number);
  }
  return bytes;
}

/** In the struct kinds that begins at `at`. */
export function setKind(bytes: Buffer, at: number, number: number): void {
  bytes[at + (number >> 3)]! |= 1 << (number & 7);
}

function kindOf(process: ProcessConfig): Kind {
  const said = PROCESS_KEYS.map((key) => [key, [...new Set(textsOf(process, key))].sort()] as const);
  return Object.fromEntries(said.filter(([, texts]) => texts.length > 0));
}
