/**
 * Each distinct choice of interfaces that rules make is one bit; an interface has the bits of the choices it fits. The
 * kernel compares bits and knows nothing of names.
 */

import { someInterfaceMatches } from "../values/interfaces.ts";

export const MOST_GROUPS = 64;

/** Interfaces that fit some of the patterns, or any where there are none, and none of the exceptions. */
export interface Group {
  patterns: string[];
  except: string[];
}

export class InterfaceGroups {
  readonly #known: { key: string; group: Group; rule: string }[] = [];

  /** `known`: those that have their bits already. */
  constructor(known: readonly Group[] = []) {
    for (const { patterns, except } of known) this.bitOf(patterns, except, "");
  }

  /** The bit of a choice, which `rule` makes. */
  bitOf(patterns: readonly string[], except: readonly string[], rule: string): bigint {
    const group = { patterns: [...new Set(patterns)].sort(), except: [...new Set(except)].sort() };
    const key = JSON.stringify(group);
    let index = this.#known.findIndex((known) => known.key === key);
    if (index < 0) index = this.#known.push({ key, group, rule }) - 1;
    return 1n << BigInt(index);
  }

  /** What is wrong, in words for the operator. */
  get problem(): string | undefined {
    if (this.#known.length <= MOST_GROUPS) return undefined;
    const beyond = this.#known.slice(MOST_GROUPS).map(({ rule }) => `"${rule}"`);
    return `rules may have ${MOST_GROUPS} different "interfaces" lists, these have ${this.#known.length}; beyond the limit are those of ${beyond.join(", ")}: share lists, or use a pattern as "eth*"`;
  }

  /** By bit. */
  get all(): Group[] {
    return this.#known.map(({ group }) => group);
  }
}

/** The bits of the groups that an interface of this name fits. */
export function groupsOf(groups: readonly Group[], name: string): bigint {
  return groups.reduce((bits, group, index) => (fits(group, name) ? bits | (1n << BigInt(index)) : bits), 0n);
}

function fits({ patterns, except }: Group, name: string): boolean {
  return (patterns.length === 0 || someInterfaceMatches(patterns, name)) && !someInterfaceMatches(except, name);
}
