/** Each distinct `interfaces` list of the rules is one bit; an interface has the bits of the lists it fits. */

import { someInterfaceMatches } from "../../config/interfaces.ts";

export const MOST_GROUPS = 64;

export class InterfaceGroups {
  readonly #lists: { key: string; patterns: string[]; rule: string }[] = [];

  /** The bit of a list, which `rule` names. */
  bitOf(patterns: readonly string[], rule: string): bigint {
    const list = [...new Set(patterns)].sort();
    const key = list.join(" ");
    let index = this.#lists.findIndex((known) => known.key === key);
    if (index < 0) index = this.#lists.push({ key, patterns: list, rule }) - 1;
    return 1n << BigInt(index);
  }

  /** What is wrong, in words for the operator. */
  get problem(): string | undefined {
    if (this.#lists.length <= MOST_GROUPS) return undefined;
    const beyond = this.#lists.slice(MOST_GROUPS).map(({ rule }) => `"${rule}"`);
    return `rules may have ${MOST_GROUPS} different "interfaces" lists, these have ${this.#lists.length}; beyond the limit are those of ${beyond.join(", ")}: share lists, or use a pattern as "eth*"`;
  }

  /** By bit. */
  get lists(): string[][] {
    return this.#lists.map(({ patterns }) => patterns);
  }
}

/** The bits of the lists that an interface of this name fits. */
export function groupsOf(lists: readonly (readonly string[])[], name: string): bigint {
  return lists.reduce((bits, patterns, index) => (someInterfaceMatches(patterns, name) ? bits | (1n << BigInt(index)) : bits), 0n);
}
