/** The names, actions and places of the rules that came into force together, by slot. */

import { setImmediate as nextTurn } from "node:timers/promises";

import type { RuleConfig } from "../policy/rule.ts";
import type { RuleReference } from "../values/traffic.ts";

/** This many rules are handled before other work gets its turn, which takes a millisecond or two. */
export const RULES_AT_ONCE = 5000;
const BLOCKS = 1;
const ENFORCED = 2;

/**
 * Rules that came into force together. The reference to a rule is made when it is asked for, because there may be a hundred
 * thousand rules.
 */
export class NamedRules {
  readonly slots: Uint32Array;
  readonly #names: readonly string[];
  /** Bits that tell what each rule does. */
  readonly #actions: Uint8Array;
  readonly #sourceOf: (index: number) => string;
  /** 1 + the place of the rule, by slot. It is made when it is first needed. */
  #places: Uint32Array | undefined;
  readonly #references = new Map<number, RuleReference>();

  private constructor(slots: Uint32Array, names: readonly string[], actions: Uint8Array, sourceOf: (index: number) => string) {
    this.slots = slots;
    this.#names = names;
    this.#actions = actions;
    this.#sourceOf = sourceOf;
  }

  /** Makes a list that does not keep the rules themselves. */
  static async of(rules: readonly RuleConfig[], slots: Uint32Array, sourceOf: (index: number) => string): Promise<NamedRules> {
    const names: string[] = [];
    const actions = new Uint8Array(rules.length);
    for (const [index, { name, action, enforce }] of rules.entries()) {
      if (index > 0 && index % RULES_AT_ONCE === 0) await nextTurn();
      names.push(name);
      actions[index] = (action === "block" ? BLOCKS : 0) | (enforce ? ENFORCED : 0);
    }
    return new NamedRules(slots, names, actions, sourceOf);
  }

  /** The number of rules that block and are enforced. */
  get enforced(): number {
    return this.#actions.reduce((count, bits) => (bits === (BLOCKS | ENFORCED) ? count + 1 : count), 0);
  }

  /** Returns the same object for the same slot each time, because events ask often. */
  reference(slot: number): RuleReference | undefined {
    const place = (this.#places ??= placesOf(this.slots))[slot] ?? 0;
    if (place === 0) return undefined;
    const known = this.#references.get(slot);
    if (known !== undefined) return known;
    const made = this.at(place - 1);
    this.#references.set(slot, made);
    return made;
  }

  at(index: number): RuleReference {
    const bits = this.#actions[index]!;
    return {
      name: this.#names[index]!,
      action: bits & BLOCKS ? "block" : "allow",
      enforce: (bits & ENFORCED) !== 0,
      source: this.#sourceOf(index),
    };
  }
}

function placesOf(slots: Uint32Array): Uint32Array {
  const places = new Uint32Array(slots.reduce((most, slot) => Math.max(most, slot + 1), 0));
  for (const [index, slot] of slots.entries()) places[slot] = index + 1;
  return places;
}
