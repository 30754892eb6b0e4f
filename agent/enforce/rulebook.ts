/**
 * The rules in force, and the meaning of the kernel's numbers for them. Events that are still on their way may belong to an
 * earlier generation, so the last few generations are remembered.
 */

import { setImmediate as nextTurn } from "node:timers/promises";

import type { Action, RuleConfig } from "../policy/rule.ts";
import type { Written } from "./dynamic/check.ts";
import type { RuleReference } from "../values/traffic.ts";
import { Slot } from "../generated/layout.ts";
import type { LoadThread } from "./load-thread.ts";
import { type Capacity, capacityFor } from "../policy/capacity.ts";
import { compileFront, RulesRefused, withoutImages } from "../policy/compile.ts";
import type { Before, CompiledRules, RulesSource } from "../policy/compiled.ts";
import type { Kind } from "../policy/kinds.ts";
import type { Installer } from "./install.ts";
import type { OperatorSession } from "../policy/pack.ts";

const GENERATIONS_REMEMBERED = 16;

/**
 * Rules that came into force together. The reference to a rule is made when it is asked for, because there may be a hundred
 * thousand rules.
 */
class Shelf {
  readonly slots: Uint32Array;
  readonly #names: readonly string[];
  /** Bits that tell what each rule does. */
  readonly #deeds: Uint8Array;
  readonly #sourceOf: (index: number) => string;
  /** 1 + the place of the rule, by slot. It is made when it is first needed. */
  #places: Uint32Array | undefined;
  readonly #references = new Map<number, RuleReference>();

  private constructor(slots: Uint32Array, names: readonly string[], deeds: Uint8Array, sourceOf: (index: number) => string) {
    this.slots = slots;
    this.#names = names;
    this.#deeds = deeds;
    this.#sourceOf = sourceOf;
  }

  /** Makes a list that does not keep the rules themselves. */
  static async of(rules: readonly RuleConfig[], slots: Uint32Array, sourceOf: (index: number) => string): Promise<Shelf> {
    const names: string[] = [];
    const deeds = new Uint8Array(rules.length);
    for (const [index, { name, action, enforce }] of rules.entries()) {
      if (index > 0 && index % AT_ONCE === 0) await nextTurn();
      names.push(name);
      deeds[index] = (action === "block" ? BLOCKS : 0) | (enforce ? ENFORCED : 0);
    }
    return new Shelf(slots, names, deeds, sourceOf);
  }

  /** The number of rules that block and are enforced. */
  get enforced(): number {
    return this.#deeds.reduce((count, deed) => (deed === (BLOCKS | ENFORCED) ? count + 1 : count), 0);
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
    const deed = this.#deeds[index]!;
    return {
      name: this.#names[index]!,
      action: deed & BLOCKS ? "block" : "allow",
      enforce: (deed & ENFORCED) !== 0,
      source: this.#sourceOf(index),
    };
  }
}

/** This many rules are handled before other work gets its turn, which takes a millisecond or two. */
const AT_ONCE = 5000;
const BLOCKS = 1;
const ENFORCED = 2;

function placesOf(slots: Uint32Array): Uint32Array {
  const places = new Uint32Array(slots.reduce((most, slot) => Math.max(most, slot + 1), 0));
  for (const [index, slot] of slots.entries()) places[slot] = index + 1;
  return places;
}

/** The rules that were in force in one generation. */
interface Edition {
  front: Shelf;
  file: Shelf;
}

export interface RuleInForce {
  slot: number;
  reference: RuleReference;
}

export class RuleBook {
  readonly #installer: Installer;
  readonly #clearCounters: (slots: Uint32Array) => void;
  readonly #editions = new Map<number, Edition>();
  /** The generation since which a slot stands for its rule. */
  #since: Uint32Array;
  #current: Edition | undefined;
  #before: Before | undefined;
  #source: RulesSource | undefined;

  #capacity: Capacity;
  readonly #grow: (capacity: Capacity) => Promise<void>;
  readonly #sessions: () => readonly OperatorSession[];

  /** `capacity` is that of the tables in the kernel, which `grow` replaces by larger ones. */
  constructor(
    capacity: Capacity,
    installer: Installer,
    sessions: () => readonly OperatorSession[],
    clearCounters: (slots: Uint32Array) => void,
    grow: (capacity: Capacity) => Promise<void>,
  ) {
    this.#capacity = capacity;
    this.#grow = grow;
    this.#since = new Uint32Array(capacity.slots);
    this.#installer = installer;
    this.#sessions = sessions;
    this.#clearCounters = clearCounters;
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
  async install(compiled: CompiledRules, { source, sourceOf }: Written): Promise<number> {
    const { front = [], rules } = source;
    const edition = {
      front: await Shelf.of(front, compiled.front.slots.slots, sourceOf),
      file:
        compiled.file.image === undefined
          ? this.#current!.file
          : await Shelf.of(rules, compiled.file.slots.slots, (index) => sourceOf(front.length + index)),
    };
    await this.#growTo(compiled.capacity); // if their matchers need more room than their number suggests
    const generation = await this.#installer.install(compiled, this.#sessions(), () => this.#clearAll(compiled.freshSlots));
    for (const slot of compiled.freshSlots) this.#since[slot] = generation;
    this.#current = edition;
    this.#before = withoutImages(compiled);
    this.#source = source;
    this.#remember(generation, edition);
    return generation;
  }

  /** Makes every connection ask the rules again. */
  async refresh(): Promise<number> {
    const generation = await this.#installer.refresh();
    if (this.#current !== undefined) this.#remember(generation, this.#current);
    return generation;
  }

  #remember(generation: number, edition: Edition): void {
    this.#editions.set(generation, edition);
    if (this.#editions.size > GENERATIONS_REMEMBERED) this.#editions.delete(this.#editions.keys().next().value!);
  }

  /** Clears counters of slots that rest: no rule in force has one of them, unless there are too few slots. */
  async #clearAll(slots: Uint32Array): Promise<void> {
    for (let from = 0; from < slots.length; from += AT_ONCE) {
      if (from > 0) await nextTurn();
      this.#clearCounters(slots.subarray(from, from + AT_ONCE));
    }
  }

  async #growTo(capacity: Capacity): Promise<void> {
    if (capacity.slots <= this.#capacity.slots) return;
    try {
      await this.#installer.exchangeTables(() => this.#grow(capacity));
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
  policy(): { source: RulesSource; capacity: Capacity; kinds: readonly Kind[]; rules: RuleInForce[] } | undefined {
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

  get #shelves(): Shelf[] {
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
