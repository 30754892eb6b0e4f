/**
 * The rules in force, and the meaning of the kernel's numbers for them. Events that are still on their way may belong to an
 * earlier generation, so the last few generations are remembered.
 */

import { setImmediate as nextTurn } from "node:timers/promises";

import type { Action } from "../policy/rule.ts";
import type { WrittenRules } from "./dynamic/check.ts";
import type { RuleReference } from "../values/traffic.ts";
import { Slot } from "../generated/layout.ts";
import type { LoadThread } from "./load-thread.ts";
import { type Capacity, capacityFor } from "../policy/capacity.ts";
import { compileFront, RulesRefused, withoutImages } from "../policy/compile.ts";
import type { Before, CompiledRules, RulesSource } from "../policy/compiled.ts";
import type { ProcessKind } from "../policy/kinds.ts";
import type { Installer } from "./install.ts";
import { RULES_AT_ONCE, NamedRules } from "./named-rules.ts";
import type { SessionEnds } from "../policy/pack.ts";

const GENERATIONS_REMEMBERED = 16;

/** The rules that were in force in one generation. */
interface Edition {
  front: NamedRules;
  file: NamedRules;
}

export interface RuleInForce {
  slot: number;
  reference: RuleReference;
}

export interface RuleBookOptions {
  /** The capacity of the tables in the kernel. */
  capacity: Capacity;
  installer: Installer;
  /** Returns the operators' sessions, which pass whatever the rules are. */
  sessions: () => readonly SessionEnds[];
  /** Sets the counters of these slots to 0. */
  clearCounters: (slots: Uint32Array) => void;
  /** Replaces the tables by larger ones. */
  grow: (capacity: Capacity) => Promise<void>;
}

export class RuleBook {
  readonly #options: Omit<RuleBookOptions, "capacity">;
  readonly #editions = new Map<number, Edition>();
  /** The generation since which a slot stands for its rule. */
  #since: Uint32Array;
  #current: Edition | undefined;
  #before: Before | undefined;
  #source: RulesSource | undefined;
  #capacity: Capacity;

  constructor({ capacity, ...options }: RuleBookOptions) {
    this.#capacity = capacity;
    this.#options = options;
    this.#since = new Uint32Array(capacity.slots);
  }

  /** Compiles rules, and meanwhile makes room for that many. Nothing else changes. Throws RulesRefused. */
  async compile(source: RulesSource, thread: LoadThread): Promise<CompiledRules> {
    const wanted = capacityFor((source.front?.length ?? 0) + source.rules.length, 0, this.#capacity);
    const [compiled] = await Promise.all([thread.compile(source, this.#before), wanted && this.#growTo(wanted)]);
    return compiled;
  }

  /** Compiles a new front at once. Returns undefined if `compile` has to look at all rules. */
  compileFront(source: RulesSource): CompiledRules | undefined {
    return this.#before && compileFront(source, this.#before);
  }

  /** Puts compiled rules in force. The second argument has the rules as they were written. */
  async install(compiled: CompiledRules, { source, sourceOf }: WrittenRules): Promise<number> {
    const { front = [], rules } = source;
    const edition = {
      front: await NamedRules.of(front, compiled.front.slots.slots, sourceOf),
      file:
        compiled.file.image === undefined
          ? this.#current!.file
          : await NamedRules.of(rules, compiled.file.slots.slots, (index) => sourceOf(front.length + index)),
    };
    await this.#growTo(compiled.capacity); // if their matchers need more room than their number suggests
    const generation = await this.#options.installer.install(compiled, this.#options.sessions(), () => this.#clearAll(compiled.freshSlots));
    for (const slot of compiled.freshSlots) this.#since[slot] = generation;
    this.#current = edition;
    this.#before = withoutImages(compiled);
    this.#source = source;
    this.#remember(generation, edition);
    return generation;
  }

  /** Makes every connection ask the rules again. */
  async refresh(): Promise<number> {
    const generation = await this.#options.installer.refresh();
    if (this.#current !== undefined) this.#remember(generation, this.#current);
    return generation;
  }

  #remember(generation: number, edition: Edition): void {
    this.#editions.set(generation, edition);
    if (this.#editions.size > GENERATIONS_REMEMBERED) this.#editions.delete(this.#editions.keys().next().value!);
  }

  /** Clears counters of slots that rest: no rule in force has one of them, unless there are too few slots. */
  async #clearAll(slots: Uint32Array): Promise<void> {
    for (let from = 0; from < slots.length; from += RULES_AT_ONCE) {
      if (from > 0) await nextTurn();
      this.#options.clearCounters(slots.subarray(from, from + RULES_AT_ONCE));
    }
  }

  async #growTo(capacity: Capacity): Promise<void> {
    if (capacity.slots <= this.#capacity.slots) return;
    try {
      await this.#options.installer.exchangeTables(() => this.#options.grow(capacity));
    } catch (error) {
      throw new RulesRefused([
        `these rules need larger tables in the kernel, and weir could not make them: ${(error as Error).message}; restart weir, which takes over what is in force without a gap`,
      ]);
    }
    const since = new Uint32Array(capacity.slots);
    since.set(this.#since);
    [this.#capacity, this.#since] = [capacity, since];
  }

  /** Returns the rule that a slot had in that generation. An earlier agent may have had another rule there. */
  reference(slot: number, generation: number): RuleReference {
    const builtIn = this.#builtIn(slot);
    if (builtIn !== undefined) return builtIn;
    const edition = this.#editions.get(generation) ?? (generation >= this.#since[slot]! ? this.#current : undefined);
    return (
      edition?.front.reference(slot) ??
      edition?.file.reference(slot) ?? {
        name: `rule ${slot} of generation ${generation}`,
        action: "block",
        enforce: false,
        source: "not in force any more",
      }
    );
  }

  /** Returns everything that decides about packets; undefined before the first rules are in force. */
  policy(): { source: RulesSource; capacity: Capacity; kinds: readonly ProcessKind[]; rules: RuleInForce[] } | undefined {
    const source = this.#source;
    return source && { source, capacity: this.#capacity, kinds: this.#before!.kinds, rules: this.inForce() };
  }

  inForce(): RuleInForce[] {
    return this.#shelves.flatMap((shelf) => Array.from(shelf.slots, (slot, index) => ({ slot, reference: shelf.at(index) })));
  }

  /** The number of rules in force. */
  get loaded(): number {
    return this.#shelves.reduce((sum, { slots }) => sum + slots.length, 0);
  }

  /** The number of rules in force that block and are enforced. */
  get enforced(): number {
    return this.#shelves.reduce((sum, { enforced }) => sum + enforced, 0);
  }

  get #shelves(): NamedRules[] {
    return this.#current === undefined ? [] : [this.#current.front, this.#current.file];
  }

  #builtIn(slot: number): RuleReference | undefined {
    const policy = this.#before?.policy;
    switch (slot) {
      case Slot.DEFAULT:
        return builtIn("default", policy?.defaultAction ?? "allow");
      case Slot.FAILSAFE:
        return builtIn("failsafe", "allow");
      case Slot.ON_ERROR:
        return builtIn("on_error", policy?.onError.ingress ?? "allow");
      case Slot.BAN:
        return builtIn("ban", "block");
      default:
        return undefined;
    }
  }
}

function builtIn(name: string, action: Action): RuleReference {
  return { name, action, enforce: true, source: "built-in" };
}
