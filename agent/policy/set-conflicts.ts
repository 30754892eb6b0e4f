/**
 * Finds sets that share members, if rules that differ only in the set do different things to these members: only the first rule
 * then decides.
 */

import { maskTo, type Network, parseNetworks } from "../values/address.ts";
import { setNamed, type Sets } from "./named-sets.ts";
import type { RuleConfig } from "./rule.ts";
import { isConditional, isTimed } from "./fields/index.ts";

/** At most this many members of a set in the configuration are compared. */
const MOST_MEMBERS = 10_000;
const MOST_CONFLICTS = 20;

export interface SetConflict {
  rule: RuleConfig;
  set: string;
  /** The members of the set, as they are written, about which the rule never decides. */
  members: string[];
  /** The earlier rule that names them as members of another set. */
  by: RuleConfig;
  as: string;
}

/** `effectOf` returns what a rule does to packets. */
export function findSetConflicts(rules: readonly RuleConfig[], sets: Sets, effectOf: (rule: RuleConfig) => string): SetConflict[] {
  const conflicts: SetConflict[] = [];
  const members = new Members(sets);
  for (const end of ["source", "destination"] as const) {
    const alike = new Map<string, Map<string, RuleConfig>>();
    for (const rule of rules) {
      const named = (rule.layer3?.[end] ?? []).map(setNamed).filter((name) => name !== undefined);
      if (named.length === 0 || isTimed(rule) || isConditional(rule)) continue;
      const key = likeness(rule, end);
      const before = alike.get(key) ?? new Map<string, RuleConfig>();
      alike.set(key, before);
      for (const set of named) {
        for (const [as, by] of before) {
          if (conflicts.length === MOST_CONFLICTS) return conflicts;
          const shared = named.includes(as) || effectOf(by) === effectOf(rule) ? [] : members.shared(set, as);
          if (shared.length > 0) conflicts.push({ rule, set, members: shared, by, as });
        }
      }
      const decides = rule.action === "allow" || rule.enforce;
      for (const set of named) if (decides && sets[set]?.ttl === undefined && !before.has(set)) before.set(set, rule);
    }
  }
  return conflicts;
}

/** Returns as text everything that a rule asks for beside one end of its connections. */
function likeness({ name, description, action, enforce, reject, layer3 = {}, ...asks }: RuleConfig, end: "source" | "destination"): string {
  return JSON.stringify([asks, end === "source" ? layer3.destination : layer3.source]);
}

class Members {
  readonly #sets: Sets;
  readonly #indexes = new Map<string, Map<string, Set<string>>>();
  readonly #shared = new Map<string, string[]>();

  constructor(sets: Sets) {
    this.#sets = sets;
  }

  /** Returns the members of a set that lie in another one. */
  shared(set: string, other: string): string[] {
    const key = `${set} ${other}`;
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      const index = this.#index(other);
      shared = this.#written(set).filter((text) => parseNetworks(text).every((network) => isIn(network, index)));
      this.#shared.set(key, shared);
    }
    return shared;
  }

  #written(set: string): string[] {
    return (this.#sets[set]?.addresses ?? []).slice(0, MOST_MEMBERS);
  }

  /** Returns the networks of each family and length. */
  #index(set: string): Map<string, Set<string>> {
    let index = this.#indexes.get(set);
    if (index === undefined) {
      index = new Map();
      for (const { family, address, length } of this.#written(set).flatMap(parseNetworks)) {
        const key = `${family} ${length}`;
        const known = index.get(key) ?? new Set();
        index.set(key, known.add(textOf(address, length)));
      }
      this.#indexes.set(set, index);
    }
    return index;
  }
}

function isIn({ family, address, length }: Network, index: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  for (const [key, networks] of index) {
    const [ofFamily, ofLength] = key.split(" ").map(Number) as [number, number];
    if (ofFamily === family && ofLength <= length && networks.has(textOf(address, ofLength))) return true;
  }
  return false;
}

function textOf(address: Uint8Array, length: number): string {
  return maskTo(address, length).join();
}
