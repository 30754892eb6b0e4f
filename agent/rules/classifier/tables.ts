/**
 * Which table each matcher stands in. Matchers begin in tables of coarse forms; where many meet under one key, that key
 * is split by longer prefixes or by parts of their port ranges, into tables of finer forms. There are at most as many
 * tables as a word has bits: beyond that the emptiest give their matchers to coarser ones.
 */

import { Limit } from "../../generated/layout.ts";
import { bitsOf, DIMENSIONS, type Dimension, type Family, finerSteps, firstForm, type Form, formNumber, formOf, isWithin, type Masks, masksOf, saysAllOf, tagOf } from "./form.ts";
import { covers, decides, makesMeaningless } from "./cover.ts";
import { Crowded } from "./crowded.ts";
import type { Lines } from "./line.ts";
import { Lists } from "./lists.ts";

/** Lists longer than this are split where they can be. */
const CROWDED = 12;
/** Of a crowded list at most so many matchers are tried, to see what would split it. */
const SAMPLE = 256;

export interface Table {
  form: Form;
  masks: Masks;
  seed: number;
  /** Lines by the tag of their key. */
  lists: Lists;
  /** Of all its lines the first order. */
  best: number;
}

const NONE = 0xffffffff;

export class Tables {
  readonly #lines: Lines;
  readonly #family: Family;
  readonly #withPorts: boolean;
  readonly #byForm = new Map<number, Table>();
  readonly #next: Int32Array;

  /** `withPorts`: keys may hold ports and protocol, because the packets that ask know them. */
  constructor(lines: Lines, family: Family, withPorts: boolean) {
    this.#lines = lines;
    this.#family = family;
    this.#withPorts = withPorts;
    this.#next = new Int32Array(lines.count);
  }

  get all(): Table[] {
    return [...this.#byForm.values()].filter(({ best }) => best !== NONE);
  }

  /** Lists like those of the tables, which can take over theirs. */
  emptyLists(): Lists {
    return new Lists(this.#next);
  }

  /** Throws Crowded. */
  fill(lines: readonly number[]): void {
    for (const line of lines) {
      const form = firstForm(this.#lines, line, this.#family, this.#withPorts);
      this.#put(this.#byForm.get(form) ?? this.#tableOf(form), line);
    }
    for (const table of [...this.#byForm.values()]) {
      const { size } = table.lists;
      for (let place = 0; place < size; place++) if (table.lists.count(place) > CROWDED) this.#split(table, place);
    }
    for (const table of this.#byForm.values()) this.#findBest(table);
    this.#merge();
    for (const { lists } of this.#byForm.values()) for (let place = 0; place < lists.size; place++) if (lists.count(place) > 1) this.#tidy(lists, place);
  }

  /** In the order of the rules, and without those of a long list that an earlier one makes meaningless: it would grow with every rule that is written again. */
  #tidy(lists: Lists, place: number): void {
    const list = lists.lines(place).sort((a, b) => this.#lines.order(a) - this.#lines.order(b));
    lists.replace(place, list.length <= CROWDED ? list : this.#withoutCovered(list));
  }

  #withoutCovered(list: readonly number[]): readonly number[] {
    const kept: number[] = [];
    for (const line of list) {
      if (kept.some((earlier) => makesMeaningless(this.#lines, earlier, line, this.#withPorts))) continue;
      if (kept.push(line) > Limit.LIST) throw new Crowded(list); // before the comparing takes hours
    }
    return kept;
  }

  /** Of lines that decide all that this one, of other lines maybe, matches in this family: the one with the lowest order below its own. -1: none. */
  decidesBefore(others: Lines, line: number): number {
    let found = -1;
    let before = others.order(line);
    for (const { form, masks, seed, lists, best } of this.#byForm.values()) {
      if (best >= before || !saysAllOf(others, line, form)) continue;
      const place = lists.find(tagOf(others, line, masks, seed));
      if (place < 0 || lists.count(place) === 0) continue;
      for (let one = lists.first(place); one >= 0; one = lists.after(place, one)) {
        const order = this.#lines.order(one);
        if (order >= before) break; // those behind it come later still
        if (!decides(this.#lines, one) || !covers(this.#lines, one, others, line)) continue;
        found = one;
        before = order;
      }
    }
    return found;
  }

  #tableOf(number: number): Table {
    let table = this.#byForm.get(number);
    if (table === undefined) {
      const form = formOf(number);
      table = { form, masks: masksOf(form), seed: Math.imul(this.#byForm.size + 1, 0x7feb352d) >>> 0, lists: this.emptyLists(), best: NONE };
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
    if (finer === undefined) return;
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

  /** The next step in one dimension that leaves the shortest lists; undefined if none shortens them. */
  #finerForm(form: Form, list: readonly number[]): { dimension: Dimension; bits: number } | undefined {
    const step = Math.ceil(list.length / SAMPLE);
    const sample = list.filter((_, index) => index % step === 0);
    let best: { dimension: Dimension; bits: number } | undefined;
    let shortest = sample.length * 0.75; // a table more must be worth it
    for (const dimension of this.#withPorts ? DIMENSIONS : DIMENSIONS.slice(0, 2)) {
      for (const bits of finerSteps(this.#family, dimension, form[dimension])) {
        const candidate = { ...form, [dimension]: bits };
        const known = this.#byForm.has(formNumber(candidate));
        if (!known && this.#byForm.size >= Limit.TABLES) continue;
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
        // The coarsest step that is nearly as good: finer ones make more keys, and rarer forms.
        if (left < shortest * (best === undefined || best.dimension !== dimension ? 1 : 0.7)) {
          shortest = left;
          best = { dimension, bits };
        }
      }
    }
    return best;
  }

  /** As many tables as fit: the emptiest go into the finest table that can hold all of theirs. */
  #merge(): void {
    for (;;) {
      const tables = this.all;
      if (tables.length <= Limit.TABLES) return;
      const sizes = new Map(tables.map((table) => [table, sizeOf(table)]));
      tables.sort((a, b) => sizes.get(a)! - sizes.get(b)!);
      const smallest = tables[0]!;
      const around = tables.filter((table) => table !== smallest && isWithin(smallest.form, table.form)).sort((a, b) => depthOf(b.form) - depthOf(a.form));
      const target = around[0] ?? this.#tableOf(formNumber({ source: 0, destination: 0, sourcePort: 0, destinationPort: 0, protocol: false }));
      this.#byForm.delete(formNumber(smallest.form));
      const moving: number[] = [];
      smallest.lists.forEach((line) => moving.push(line));
      for (const line of moving) this.#put(target, line);
      target.best = Math.min(target.best, smallest.best);
    }
  }
}

function sizeOf({ lists }: Table): number {
  let size = 0;
  for (let place = 0; place < lists.size; place++) size += lists.count(place);
  return size;
}

function depthOf({ source, destination, sourcePort, destinationPort, protocol }: Form): number {
  return source + destination + sourcePort + destinationPort + (protocol ? 8 : 0);
}
