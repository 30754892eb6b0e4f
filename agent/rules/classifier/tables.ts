/**
 * Which table each matcher stands in. Matchers begin in tables of coarse forms; where many meet under one key, that key
 * is split by longer prefixes or by parts of their port ranges, into tables of finer forms. There are at most as many
 * tables as a word has bits: beyond that the emptiest give their matchers to coarser ones.
 */

import { Limit } from "../../generated/layout.ts";
import { bitsOf, DIMENSIONS, type Dimension, type Family, finerSteps, firstForm, type Form, formName, isWithin, type Masks, masksOf, tagOf } from "./form.ts";
import type { Lines } from "./line.ts";

/** Lists longer than this are split where they can be. */
const CROWDED = 12;
/** Of a crowded list at most so many matchers are tried, to see what would split it. */
const SAMPLE = 256;

export interface Table {
  form: Form;
  masks: Masks;
  seed: number;
  /** Lines by the tag of their key. */
  lists: Map<number, number[]>;
}

export class Tables {
  readonly #lines: Lines;
  readonly #family: Family;
  readonly #withPorts: boolean;
  readonly #byForm = new Map<string, Table>();

  /** `withPorts`: keys may hold ports and protocol, because the packets that ask know them. */
  constructor(lines: Lines, family: Family, withPorts: boolean) {
    this.#lines = lines;
    this.#family = family;
    this.#withPorts = withPorts;
  }

  get all(): Table[] {
    return [...this.#byForm.values()].filter(({ lists }) => lists.size > 0);
  }

  fill(lines: Iterable<number>): void {
    for (const line of lines) {
      const form = firstForm(this.#lines, line, this.#family);
      if (!this.#withPorts) Object.assign(form, { sourcePort: 0, destinationPort: 0, protocol: false });
      this.#put(this.#tableOf(form), line);
    }
    for (const table of [...this.#byForm.values()]) for (const [tag, list] of [...table.lists]) this.#split(table, tag, list);
    this.#merge();
  }

  #tableOf(form: Form): Table {
    const name = formName(form);
    let table = this.#byForm.get(name);
    if (table === undefined) {
      table = { form, masks: masksOf(form), seed: Math.imul(this.#byForm.size + 1, 0x7feb352d) >>> 0, lists: new Map() };
      this.#byForm.set(name, table);
    }
    return table;
  }

  #put(table: Table, line: number): number {
    const tag = tagOf(this.#lines, line, table.masks, table.seed);
    const list = table.lists.get(tag);
    if (list === undefined) table.lists.set(tag, [line]);
    else list.push(line);
    return tag;
  }

  #split(table: Table, tag: number, list: number[]): void {
    if (list.length <= CROWDED) return;
    const finer = this.#finerForm(table.form, list);
    if (finer === undefined) return;
    const { dimension, bits } = finer;
    const moving: number[] = [];
    const staying: number[] = [];
    for (const line of list) (bitsOf(this.#lines, line, dimension) >= bits ? moving : staying).push(line);
    if (staying.length === 0) table.lists.delete(tag);
    else table.lists.set(tag, staying);
    const target = this.#tableOf({ ...table.form, [dimension]: bits });
    for (const moved of new Set(moving.map((line) => this.#put(target, line)))) this.#split(target, moved, target.lists.get(moved)!);
    this.#split(table, tag, staying);
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
        const known = this.#byForm.has(formName(candidate));
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
      const target = around[0] ?? this.#tableOf({ source: 0, destination: 0, sourcePort: 0, destinationPort: 0, protocol: false });
      this.#byForm.delete(formName(smallest.form));
      for (const list of smallest.lists.values()) for (const line of list) this.#put(target, line);
    }
  }
}

function sizeOf({ lists }: Table): number {
  let size = 0;
  for (const list of lists.values()) size += list.length;
  return size;
}

function depthOf({ source, destination, sourcePort, destinationPort, protocol }: Form): number {
  return source + destination + sourcePort + destinationPort + (protocol ? 8 : 0);
}
