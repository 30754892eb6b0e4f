/**
 * The rules in force, and what the kernel's numbers for them mean. Events still on their way may speak of the
 * generation before, so the last few are remembered.
 */

import type { WeirConfig } from "../config/types.ts";
import type { RuleReference } from "./events/event.ts";
import { Slot } from "./generated/layout.ts";
import { type Capacity, fits } from "./rules/capacity.ts";
import { WORDS } from "./rules/classifier/line.ts";
import { compile, type CompiledRules, RulesRefused, type RulesSource } from "./rules/compile.ts";
import type { Installer } from "./rules/install.ts";
import type { OperatorSession } from "./rules/pack.ts";

const GENERATIONS_REMEMBERED = 16;

interface Edition {
  compiled: CompiledRules;
  bySlot: Map<number, RuleReference>;
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
  compile(config: WeirConfig): CompiledRules {
    const compiled = compile(config, this.#current?.compiled);
    if (fits(compiled.rules.length, compiled.cells.length / WORDS, this.#capacity)) return compiled;
    throw new RulesRefused([`these ${compiled.rules.length} rules need larger tables in the kernel than weir began with; restart weir, which takes over what is in force without a gap`]);
  }

  /** Puts compiled rules in force, made of `config`. `sourceOf` says where a rule was written, as `weir.yaml:12`. */
  async install(compiled: CompiledRules, { config, sourceOf }: { config: RulesSource; sourceOf: (index: number) => string }): Promise<number> {
    const bySlot = new Map<number, RuleReference>([
      [Slot.DEFAULT, builtIn("default", compiled.policy.defaultAction)],
      [Slot.FAILSAFE, builtIn("failsafe", "allow")],
      [Slot.ON_ERROR, builtIn("on_error", compiled.policy.onError.ingress)],
      [Slot.BAN, builtIn("ban", "block")],
      ...compiled.rules.map((rule, index): [number, RuleReference] => [rule.slot, { name: rule.name, action: rule.action, enforce: rule.enforce, source: sourceOf(index) }]),
    ]);
    const edition = { compiled, bySlot };
    const generation = await this.#installer.install(compiled, this.#sessions(), () => {
      for (const slot of compiled.freshSlots) this.#clearCounters(slot);
    });
    this.#current = edition;
    this.#source = config;
    this.#editions.set(generation, edition);
    if (this.#editions.size > GENERATIONS_REMEMBERED) this.#editions.delete(this.#editions.keys().next().value!);
    return generation;
  }

  /** The rule of a slot as it was in that generation. An earlier agent may have had another rule there. */
  reference(slot: number, generation: number): RuleReference {
    const edition = slot < Slot.FIRST_RULE ? this.#current : this.#editions.get(generation);
    return edition?.bySlot.get(slot) ?? { name: `rule ${slot} of generation ${generation}`, action: "block", enforce: false, source: "not in force any more" };
  }

  /** All that decides about packets; undefined before the first are in force. */
  policy(): { source: RulesSource; capacity: Capacity; rules: RuleInForce[] } | undefined {
    const source = this.#source;
    return source && { source, capacity: this.#capacity, rules: this.inForce() };
  }

  inForce(): RuleInForce[] {
    const { compiled, bySlot } = this.#current ?? {};
    return (compiled?.rules ?? []).map(({ slot }) => ({ slot, reference: bySlot!.get(slot)! }));
  }
}

function builtIn(name: string, action: "allow" | "block"): RuleReference {
  return { name, action, enforce: true, source: "built-in" };
}
