/**
 * The rules in force, and what the kernel's numbers for them mean. Events still on their way may speak of the
 * generation before, so the last few are remembered.
 */

import type { WeirConfig } from "../config/types.ts";
import type { RuleReference } from "./events/event.ts";
import { Slot } from "./generated/layout.ts";
import type { LoadThread } from "./load-thread.ts";
import { type Capacity, fits } from "./rules/capacity.ts";
import { WORDS } from "./rules/classifier/line.ts";
import { type Before, type CompiledRule, type CompiledRules, RulesRefused, type RulesSource } from "./rules/compile.ts";
import type { Installer } from "./rules/install.ts";
import type { OperatorSession } from "./rules/pack.ts";

const GENERATIONS_REMEMBERED = 16;

/** Rules that were in force together. What is said of one is made when it is asked for: there may be a hundred thousand. */
class Edition {
  readonly rules: readonly CompiledRule[];
  readonly #sourceOf: (index: number) => string;
  /** 1 + the place of the rule, by slot. */
  readonly #places: Uint32Array;
  readonly #references = new Map<number, RuleReference>();

  constructor(compiled: CompiledRules, sourceOf: (index: number) => string) {
    this.rules = compiled.rules;
    this.#sourceOf = sourceOf;
    this.#places = new Uint32Array(compiled.capacity.slots);
    for (const [index, { slot }] of compiled.rules.entries()) this.#places[slot] = index + 1;
    this.#references.set(Slot.DEFAULT, builtIn("default", compiled.policy.defaultAction));
    this.#references.set(Slot.FAILSAFE, builtIn("failsafe", "allow"));
    this.#references.set(Slot.ON_ERROR, builtIn("on_error", compiled.policy.onError.ingress));
    this.#references.set(Slot.BAN, builtIn("ban", "block"));
  }

  reference(slot: number): RuleReference | undefined {
    const known = this.#references.get(slot);
    const place = this.#places[slot] ?? 0;
    if (known !== undefined || place === 0) return known;
    const { name, action, enforce } = this.rules[place - 1]!;
    const reference = { name, action, enforce, source: this.#sourceOf(place - 1) };
    this.#references.set(slot, reference);
    return reference;
  }
}

export interface RuleInForce {
  slot: number;
  reference: RuleReference;
}

export class RuleBook {
  readonly #installer: Installer;
  readonly #clearCounters: (slot: number) => void;
  readonly #editions = new Map<number, Edition>();
  #current: Edition | undefined;
  #before: Before | undefined;
  #source: RulesSource | undefined;

  readonly #capacity: Capacity;
  readonly #sessions: () => readonly OperatorSession[];

  /** `capacity`: of the tables in the kernel. */
  constructor(capacity: Capacity, installer: Installer, sessions: () => readonly OperatorSession[], clearCounters: (slot: number) => void) {
    this.#capacity = capacity;
    this.#installer = installer;
    this.#sessions = sessions;
    this.#clearCounters = clearCounters;
  }

  /** Compiles without changing anything: throws RulesRefused. */
  async compile(config: WeirConfig, thread: LoadThread): Promise<CompiledRules> {
    const compiled = await thread.compile(config, this.#before);
    if (fits(compiled.rules.length, compiled.cells.length / WORDS, this.#capacity)) return compiled;
    throw new RulesRefused([`these ${compiled.rules.length} rules need larger tables in the kernel than weir began with; restart weir, which takes over what is in force without a gap`]);
  }

  /** Puts compiled rules in force, made of `config`. `sourceOf` says where a rule was written, as `weir.yaml:12`. */
  async install(compiled: CompiledRules, { config, sourceOf }: { config: RulesSource; sourceOf: (index: number) => string }): Promise<number> {
    const edition = new Edition(compiled, sourceOf);
    const generation = await this.#installer.install(compiled, this.#sessions(), () => {
      for (const slot of compiled.freshSlots) this.#clearCounters(slot);
    });
    this.#current = edition;
    this.#before = { slots: compiled.slots, capacity: compiled.capacity, setNumbers: compiled.setNumbers };
    this.#source = config;
    this.#editions.set(generation, edition);
    if (this.#editions.size > GENERATIONS_REMEMBERED) this.#editions.delete(this.#editions.keys().next().value!);
    return generation;
  }

  /** The rule of a slot as it was in that generation. An earlier agent may have had another rule there. */
  reference(slot: number, generation: number): RuleReference {
    const edition = slot < Slot.FIRST_RULE ? this.#current : this.#editions.get(generation);
    return edition?.reference(slot) ?? { name: `rule ${slot} of generation ${generation}`, action: "block", enforce: false, source: "not in force any more" };
  }

  /** All that decides about packets; undefined before the first are in force. */
  policy(): { source: RulesSource; capacity: Capacity; rules: RuleInForce[] } | undefined {
    const source = this.#source;
    return source && { source, capacity: this.#capacity, rules: this.inForce() };
  }

  inForce(): RuleInForce[] {
    const edition = this.#current;
    return (edition?.rules ?? []).map(({ slot }) => ({ slot, reference: edition!.reference(slot)! }));
  }
}

function builtIn(name: string, action: "allow" | "block"): RuleReference {
  return { name, action, enforce: true, source: "built-in" };
}
