/**
 * The sets that rules name, in the form that compiling needs: sets of addresses become bits, and sets of ports are replaced by
 * their ports.
 */

import { holdsAddresses, setNamed, type Sets } from "./named-sets.ts";
import { quote } from "../values/quote.ts";
import type { Ports } from "./rule.ts";

/** The number of each set of addresses. */
export type SetNumbers = Readonly<Record<string, number>>;

/** Numbers the sets. A set that was there before keeps its number, and with it its members in the kernel. */
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

/** Resolves references of rules to sets. A reference to a set that does not exist is noted, and matches nothing. */
export class SetReferences {
  readonly numbers: SetNumbers;
  readonly #sets: Sets;
  readonly #problems = new Set<string>();

  constructor(sets: Sets, numbers: SetNumbers) {
    this.#sets = sets;
    this.numbers = numbers;
  }

  /** Returns the bits of the sets that a list of addresses names. */
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

  /** Returns the list in which sets are replaced by their ports. */
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

  /** The problems, one sentence each. */
  get problems(): string[] {
    return [...this.#problems];
  }

  #refuse(rule: string, name: string, what: string): void {
    this.#problems.add(`the rule ${quote(rule)} names the set ${quote(name)}, and there is none of ${what} with this name`);
  }
}
