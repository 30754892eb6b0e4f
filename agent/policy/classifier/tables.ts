/**
 * Decides which table each matcher stands in. Matchers begin in tables of coarse forms. If many matchers have the same key,
 * longer prefixes or parts of their port ranges split it, and they move into tables of finer forms. Ranges that still overlap are
 * cut (see cut.ts). There are at most as many tables as a word has bits: beyond that, the emptiest tables give their matchers to
 * coarser ones.
 */

import { Limit, Match } from "../../generated/layout.ts";
import {
  bitsOf,
  DIMENSIONS,
  type Dimension,
  type FamilyName,
  finerSteps,
  firstForm,
  type Form,
  formNumber,
  formOf,
  isWithin,
  type Masks,
  masksOf,
  saysAllOf,
  tagOf,
} from "./form.ts";
import { covers, makesMeaningless, silences } from "./cover.ts";
import { Crowded } from "./crowded.ts";
import { bestCut, blocksOf, type Cut, eachPart, withoutSilenced } from "./cut.ts";
import type { Lines } from "./line.ts";
import { type Chain, Lists } from "./lists.ts";

/** A list longer than this is split if possible. */
const CROWDED = 12;
/** At most this many matchers of a crowded list are tried to see what would split it. */
const SAMPLE = 256;

export interface Table {
  form: Form;
  masks: Masks;
  seed: number;
  /** The lists of lines by the tag of their key. */
  lists: Lists;
  /** The lowest order of all its lines. */
  best: number;
}

const NONE = 0xffffffff;
const COARSEST: Form = { source: 0, destination: 0, sourcePort: 0, destinationPort: 0, protocol: false };

/** The number of lines is limited to this, including the parts of lines that were cut. */
const MOST_LINES = 1 << 20;
/** Warnings may cost this many comparisons. */
const MOST_COMPARED = 2_000_000;

export class Tables {
  /** The lines that were given, and behind them the parts into which some were cut. */
  #lines: Lines;
  /** The same lines once this object owns a copy. */
  #cutLines: Lines | undefined;
  readonly #family: FamilyName;
  readonly #withPorts: boolean;
  readonly #byForm = new Map<number, Table>();
  readonly #given: number;
  readonly #chain: Chain;
  /** The lines that do not stand in the tables as a whole, in the order of their rules. */
  readonly #cutUp: number[] = [];
  /** How often a line was compared with those. */
  #compared = 0;

  /** With `withPorts`, keys may hold ports and the protocol, because the packets that are looked up have them. */
  constructor(lines: Lines, family: FamilyName, withPorts: boolean) {
    this.#lines = lines;
    this.#family = family;
    this.#withPorts = withPorts;
    this.#given = lines.count;
    this.#chain = { next: new Int32Array(lines.count) };
  }

  get lines(): Lines {
    return this.#lines;
  }

  get all(): Table[] {
    return [...this.#byForm.values()].filter(({ best }) => best !== NONE);
  }

  /** Makes lists that can take over the lists of the tables. */
  emptyLists(): Lists {
    return new Lists(this.#chain);
  }

  /** Puts the lines into the tables. Throws Crowded. */
  fill(lines: readonly number[]): void {
    for (const line of lines) {
      const form = firstForm(this.#lines, line, this.#family, this.#withPorts);
      this.#put(this.#byForm.get(form) ?? this.#tableOf(form), line);
    }
    for (const table of [...this.#byForm.values()]) {
      const { size } = table.lists;
      for (let place = 0; place < size; place++) if (table.lists.count(place) > CROWDED) this.#split(table, place);
    }
    this.#cutUp.sort((a, b) => this.#lines.order(a) - this.#lines.order(b));
    for (const table of this.#byForm.values()) this.#findBest(table);
    this.#merge();
    for (const { lists } of this.#byForm.values())
      for (let place = 0; place < lists.size; place++) if (lists.count(place) > 1) this.#tidy(lists, place);
  }

  /**
   * Sorts a long list by the order of the rules, and removes the lines that an earlier one makes meaningless. Without this the
   * list would grow with every rule that is written again.
   */
  #tidy(lists: Lists, place: number): void {
    const list = lists.lines(place).sort((a, b) => this.#lines.order(a) - this.#lines.order(b));
    lists.replace(place, list.length <= CROWDED ? list : this.#withoutCovered(list));
  }

  #withoutCovered(list: readonly number[]): readonly number[] {
    const kept: number[] = [];
    for (const line of list) {
      if (kept.some((earlier) => makesMeaningless(this.#lines, earlier, line, this.#withPorts))) continue;
      if (kept.push(line) > Limit.LIST) throw new Crowded(this.#lines, list); // this stops before the comparisons take hours
    }
    return kept;
  }

  /**
   * Returns the lowest order of an earlier line that leaves this line nothing to decide in this family. The line may be one of
   * other lines.
   */
  silencedBy(others: Lines, line: number): number | undefined {
    const own = others.order(line);
    let before = own;
    for (const { form, masks, seed, lists, best } of this.#byForm.values()) {
      if (best >= before || !saysAllOf(others, line, form)) continue;
      const place = lists.find(tagOf(others, line, masks, seed));
      if (place < 0 || lists.count(place) === 0) continue;
      for (let one = lists.first(place); one >= 0; one = lists.after(place, one)) {
        const order = this.#lines.order(one);
        if (order >= before) break; // the lines behind it come even later
        if (silences(this.#lines, one, others, line) && covers(this.#lines, one, others, line)) before = order;
      }
    }
    for (const one of this.#cutUp) {
      if (this.#lines.order(one) >= before || ++this.#compared > MOST_COMPARED) break;
      if (silences(this.#lines, one, others, line) && covers(this.#lines, one, others, line)) return this.#lines.order(one);
    }
    return before < own ? before : undefined;
  }

  /** Returns the orders of the rules whose port ranges were cut. */
  cutOrders(): number[] {
    return this.#cutUp.map((line) => this.#lines.order(line));
  }

  /** Adds the orders of the rules that can decide about some packet. */
  addHeard(orders: Set<number>): void {
    for (const { lists } of this.#byForm.values()) lists.forEach((line) => orders.add(this.#lines.order(line)));
  }

  #tableOf(number: number): Table {
    let table = this.#byForm.get(number);
    if (table === undefined) {
      const form = formOf(number);
      table = {
        form,
        masks: masksOf(form),
        seed: Math.imul(this.#byForm.size + 1, 0x7feb352d) >>> 0,
        lists: this.emptyLists(),
        best: NONE,
      };
      this.#byForm.set(number, table);
    }
    return table;
  }

  #put(table: Table, line: number): number {
    return table.lists.add(tagOf(this.#lines, line, table.masks, table.seed), line);
  }

  #findBest(table: Table): void {
    table.best = NONE;
    table.lists.forEach((line) => (table.best = Math.min(table.best, this.#lines.order(line))));
  }

  #split(table: Table, place: number): void {
    const list = table.lists.lines(place);
    if (list.length <= CROWDED) return;
    const finer = this.#finerForm(table.form, list);
    if (finer === undefined) return this.#cut(table, place, list);
    const { dimension, bits } = finer;
    const tag = table.lists.tag(place);
    const target = this.#tableOf(formNumber({ ...table.form, [dimension]: bits }));
    const grown = new Set<number>();
    table.lists.clear(place);
    for (const line of list) {
      if (bitsOf(this.#lines, line, dimension) >= bits) grown.add(this.#put(target, line));
      else table.lists.add(tag, line);
    }
    for (const moved of grown) this.#split(target, moved);
    this.#split(table, place);
  }

  /** Cuts the lines of a list that neither a longer prefix nor common leading bits of their ports would shorten. */
  #cut({ form, lists }: Table, place: number, list: readonly number[]): void {
    if (!this.#withPorts) return;
    const lines = (this.#cutLines ??= this.#lines.copy());
    this.#lines = lines;
    const left = withoutSilenced(
      lines,
      list.toSorted((a, b) => lines.order(a) - lines.order(b)),
    );
    lists.replace(place, left);
    if (left.length <= CROWDED) return;
    const hasMessages = left.some((line) => (lines.fields(line) & Match.MESSAGE) !== 0); // messages use the place of the source ports
    const isPossible = ({ dimension, bits }: Cut): boolean =>
      !(hasMessages && dimension === "sourcePort") && this.#hasRoomFor({ ...form, [dimension]: bits });
    const cut = bestCut(lines, everyFew(left), form, (MOST_LINES - lines.count) / left.length, isPossible);
    if (cut === undefined) return;
    const target = this.#tableOf(formNumber({ ...form, [cut.dimension]: cut.bits }));
    const grown = new Set<number>();
    lists.clear(place);
    for (const line of left) if (line < this.#given && blocksOf(lines, line, cut) > 1) this.#cutUp.push(line);
    eachPart(lines, left, cut, (line, part) => {
      let kept = line;
      if (blocksOf(lines, line, cut) > 1) lines.copyFrom(lines, part, (kept = lines.add()));
      grown.add(this.#put(target, kept));
    });
    for (const moved of grown) this.#split(target, moved);
  }

  #hasRoomFor(form: Form): boolean {
    return this.#byForm.size < Limit.TABLES || this.#byForm.has(formNumber(form));
  }

  /** Returns the next step in one dimension that leaves the shortest lists; undefined if no step shortens them. */
  #finerForm(form: Form, list: readonly number[]): { dimension: Dimension; bits: number } | undefined {
    const sample = everyFew(list);
    let best: { dimension: Dimension; bits: number } | undefined;
    let shortest = sample.length * 0.75; // an additional table must be worth its cost
    for (const dimension of this.#withPorts ? DIMENSIONS : DIMENSIONS.slice(0, 2)) {
      for (const bits of finerSteps(this.#family, dimension, form[dimension])) {
        const candidate = { ...form, [dimension]: bits };
        if (!this.#hasRoomFor(candidate)) continue;
        const masks = masksOf(candidate);
        const counts = new Map<number, number>();
        let staying = 0;
        let longest = 0;
        for (const line of sample) {
          if (bitsOf(this.#lines, line, dimension) < bits) {
            staying++;
            continue;
          }
          const tag = tagOf(this.#lines, line, masks, 0);
          const count = (counts.get(tag) ?? 0) + 1;
          counts.set(tag, count);
          if (count > longest) longest = count;
        }
        const left = staying + longest;
        // A coarser step that is nearly as good is kept: finer steps make more keys, and rarer forms.
        if (left < shortest * (best === undefined || best.dimension !== dimension ? 1 : 0.7)) {
          shortest = left;
          best = { dimension, bits };
        }
      }
    }
    return best;
  }

  /** Merges tables until they fit: the lines of the emptiest table move into the finest table that can hold all of them. */
  #merge(): void {
    for (;;) {
      const tables = this.all;
      if (tables.length <= Limit.TABLES) return;
      const sizes = new Map(tables.map((table) => [table, sizeOf(table)]));
      tables.sort((a, b) => sizes.get(a)! - sizes.get(b)!);
      const smallest = tables.find(({ form }) => depthOf(form) > 0)!; // the coarsest table can hold the keys of all others
      const around = tables
        .filter((table) => table !== smallest && isWithin(smallest.form, table.form))
        .sort((a, b) => depthOf(b.form) - depthOf(a.form));
      const target = around[0] ?? this.#tableOf(formNumber(COARSEST));
      this.#byForm.delete(formNumber(smallest.form));
      const moving: number[] = [];
      smallest.lists.forEach((line) => moving.push(line));
      for (const line of moving) this.#put(target, line);
      target.best = Math.min(target.best, smallest.best);
    }
  }
}

/** Returns a sample of a long list. */
function everyFew(list: readonly number[]): readonly number[] {
  const step = Math.ceil(list.length / SAMPLE);
  return list.filter((_, index) => index % step === 0);
}

function sizeOf({ lists }: Table): number {
  let size = 0;
  for (let place = 0; place < lists.size; place++) size += lists.count(place);
  return size;
}

function depthOf({ source, destination, sourcePort, destinationPort, protocol }: Form): number {
  return source + destination + sourcePort + destinationPort + (protocol ? 8 : 0);
}
