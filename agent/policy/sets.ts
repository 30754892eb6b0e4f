/** The sets that rules name, as compiling needs them: sets of addresses are bits, those of ports are spelt out. */

import { holdsAddresses, setNamed, type Sets } from "./named-sets.ts";
import { quote } from "../values/quote.ts";
import type { Ports } from "./rule.ts";

/** The number of each set of addresses. */
export type SetNumbers = Readonly<Record<string, number>>;

/** A set that was there before keeps its number, and with it what the kernel holds of it. */
export function numberSets(sets: Sets, before: SetNumbers = {}): SetNumbers {
  const names = Object.keys(sets).filter((name) => holdsAddresses(sets[name]!));
  const taken = new Set(names.flatMap((name) => (Object.hasOwn(before, name) ? [before[name]!] : [])));
  const numbers: Record<string, number> = {};
  let free = 0;
  for (const name of names) {
    if (Object.hasOwn(before, name)) numbers[name] = before[name]!;
    else {
      while (taken.has(free)) free++;
      numbers[name] = free++;
    }
  }
  return numbers;
}

/** Resolves what rules refer to. A reference to nothing is noted, and stands for nothing. */
export class SetReferences {
  readonly numbers: SetNumbers;
  readonly #sets: Sets;
  readonly #problems = new Set<string>();

  constructor(sets: Sets, numbers: SetNumbers) {
    this.#sets = sets;
    this.numbers = numbers;
  }

  /** Bits of the sets that a list of addresses names. */
  bitsOf(list: readonly string[], rule: string): bigint {
    let bits = 0n;
    for (const entry of list) {
      const name = setNamed(entry);
      if (name === undefined) continue;
      const number = Object.hasOwn(this.numbers, name) ? this.numbers[name] : undefined;
      if (number === undefined) this.#refuse(rule, name, "addresses");
      else bits |= 1n << BigInt(number);
    }
    return bits;
  }

  /** The list with the ports of sets in their place. */
  portsOf(list: readonly Ports[], rule: string): readonly Ports[] {
    if (!list.some((entry) => setNamed(entry) !== undefined)) return list;
    return list.flatMap((entry) => {
      const name = setNamed(entry);
      if (name === undefined) return entry;
      const ports = Object.hasOwn(this.#sets, name) ? this.#sets[name]!.ports : undefined;
      if (ports === undefined) this.#refuse(rule, name, "ports");
      return ports ?? [];
    });
  }

  /** Each a sentence. */
  get problems(): string[] {
    return [...this.#problems];
  }

  #refuse(rule: string, name: string, what: string): void {
    this.#problems.add(`the rule ${quote(rule)} names the set ${quote(name)}, and there is none of ${what} with this name`);
  }
}
