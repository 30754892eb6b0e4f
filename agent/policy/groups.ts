/**
 * Each distinct choice of interfaces that rules make has one bit. An interface has the bits of all choices that it fits. The
 * kernel compares bits and knows nothing of names.
 */

import { someInterfaceMatches } from "../values/interfaces.ts";

export const MOST_GROUPS = 64;

/** The interfaces that fit one of the patterns (any interface if there are none) and none of the exceptions. */
export interface Group {
  patterns: string[];
  except: string[];
}

export class InterfaceGroups {
  readonly #known: { key: string; group: Group; rule: string }[] = [];

  /** `known` holds the choices that have their bits already. */
  constructor(known: readonly Group[] = []) {
    for (const { patterns, except } of known) this.bitOf(patterns, except, "");
  }

  /** Returns the bit of a choice, which the rule `rule` makes. */
  bitOf(patterns: readonly string[], except: readonly string[], rule: string): bigint {
    const group = { patterns: [...new Set(patterns)].sort(), except: [...new Set(except)].sort() };
    const key = JSON.stringify(group);
    let index = this.#known.findIndex((known) => known.key === key);
    if (index < 0) index = this.#known.push({ key, group, rule }) - 1;
    return 1n << BigInt(index);
  }

  /** The sentence that tells the operator what is wrong; undefined if all is right. */
  get problem(): string | undefined {
    if (this.#known.length <= MOST_GROUPS) return undefined;
    const beyond = this.#known.slice(MOST_GROUPS).map(({ rule }) => `"${rule}"`);
    return `rules may have ${MOST_GROUPS} different "interfaces" lists, these have ${this.#known.length}; beyond the limit are those of ${beyond.join(", ")}: share lists, or use a pattern as "eth*"`;
  }

  /** All groups, by bit. */
  get all(): Group[] {
    return this.#known.map(({ group }) => group);
  }
}

/** Returns the bits of the groups that an interface of this name fits. */
export function groupsOf(groups: readonly Group[], name: string): bigint {
  return groups.reduce((bits, group, index) => (fits(group, name) ? bits | (1n << BigInt(index)) : bits), 0n);
}

function fits({ patterns, except }: Group, name: string): boolean {
  return (patterns.length === 0 || someInterfaceMatches(patterns, name)) && !someInterfaceMatches(except, name);
}
