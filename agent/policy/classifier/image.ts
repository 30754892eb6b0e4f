/** Writes one copy of the kernel's cells. The parts are laid one after the other and are found by their first cell. */

import { Limit, Matcher, MatcherFlag, MatcherIndex, MatcherTable, Pruner } from "../../generated/layout.ts";
import { Crowded } from "./crowded.ts";
import { type FamilyName, homeOf } from "./form.ts";
import { type Lines, WORDS } from "./line.ts";
import type { Lists } from "./lists.ts";
import { makeBitmaps } from "./pruners.ts";
import type { Table, Tables } from "./tables.ts";

const INDEX_CELLS = MatcherIndex.size / 64;
const ENTRIES = 8;
/** Up to this many matchers are compared faster than they are looked up. */
const FEW = 6;

export class Image {
  #words: Uint32Array;
  #bytes: Uint8Array;
  /** The number of cells in use. */
  #used: number;

  constructor(indexes: number) {
    this.#words = new Uint32Array(1024 * WORDS);
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#used = indexes * INDEX_CELLS;
  }

  get cells(): Uint32Array {
    return this.#words.subarray(0, this.#used * WORDS);
  }

  /**
   * Writes the index of this number over the lines `chosen`. These are in the order of their rules and stand in the tables, some
   * of them in parts.
   */
  addIndex(number: number, chosen: readonly number[], family: FamilyName, tables: Tables): void {
    const { lines } = tables;
    const at = number * INDEX_CELLS * WORDS;
    if (chosen.length === 0) return;
    if (chosen.length <= FEW) {
      this.#words[at + MatcherIndex.list / 4] = this.#addList(lines, chosen);
      return;
    }
    this.#addTables(at, family, tables);
  }

  #addTables(at: number, family: FamilyName, all: Tables): void {
    const { lines } = all;
    const tables = all.all.sort((a, b) => a.best - b.best); // a match found early makes the search skip later tables
    const first = this.#take(tables.length);
    for (const [index, table] of tables.entries()) this.#writeTable((first + index) * WORDS, table);
    this.#words[at + MatcherIndex.table_count / 4] = tables.length;
    this.#words[at + MatcherIndex.first_table / 4] = first;

    for (const [index, { always, bits, words }] of makeBitmaps(lines, family, tables).entries()) {
      const place = at + (MatcherIndex.pruners.at + index * MatcherIndex.pruners.stride) / 4;
      const cells = words.length / WORDS;
      const where = bits === 0 ? 0 : this.#take(cells);
      if (bits !== 0) this.#words.set(words, where * WORDS);
      this.#words[place + Pruner.always / 4] = always[0];
      this.#words[place + Pruner.always / 4 + 1] = always[1];
      this.#words[place + Pruner.first / 4] = where;
      this.#words[place + Pruner.shift / 4] = 32 - bits;
    }

    const lists = all.emptyLists();
    for (const table of tables) for (let place = 0; place < table.lists.size; place++) lists.take(table.lists, place); // lists that have one tag by chance do no harm, because the kernel compares whole matchers
    const buckets = placeBuckets(lists);
    const bucketCells = buckets.length / ENTRIES;
    const firstBucket = this.#take(bucketCells);
    this.#words[at + MatcherIndex.first_bucket / 4] = firstBucket;
    this.#words[at + MatcherIndex.bucket_mask / 4] = bucketCells - 1;
    for (let entry = 0; entry < buckets.length; entry++) {
      const place = buckets[entry]! - 1;
      if (place < 0) continue;
      const list = lists.lines(place);
      if (list.length > 1) list.sort((a, b) => lines.order(a) - lines.order(b));
      const cell = this.#addList(lines, list);
      this.#words[firstBucket * WORDS + 2 * entry] = lists.tag(place);
      this.#words[firstBucket * WORDS + 2 * entry + 1] = cell;
    }
  }

  #writeTable(at: number, { masks, seed, best }: Table): void {
    this.#words.set(masks.source, at + MatcherTable.source_mask.at / 4);
    this.#words.set(masks.destination, at + MatcherTable.destination_mask.at / 4);
    this.#words[at + MatcherTable.port_mask / 4] = masks.ports;
    this.#words[at + MatcherTable.protocol_mask / 4] = masks.protocol;
    this.#words[at + MatcherTable.seed / 4] = seed;
    this.#words[at + MatcherTable.best / 4] = best;
  }

  #addList(lines: Lines, list: readonly number[]): number {
    if (list.length > Limit.LIST) throw new Crowded(lines, list);
    const first = this.#take(list.length);
    for (let index = 0; index < list.length; index++) {
      const [from, to] = [list[index]! * WORDS, (first + index) * WORDS];
      for (let word = 0; word < WORDS; word++) this.#words[to + word] = lines.words[from + word]!;
    }
    const last = (first + list.length) * WORDS * 4 - Matcher.size + Matcher.flags;
    this.#bytes[last]! |= MatcherFlag.LAST;
    return first;
  }

  #take(cells: number): number {
    const first = this.#used;
    this.#used += cells;
    if (this.#used * WORDS > this.#words.length) {
      const larger = new Uint32Array(2 ** Math.ceil(Math.log2(this.#used * WORDS)));
      larger.set(this.#words);
      this.#words = larger;
      this.#bytes = new Uint8Array(larger.buffer);
    }
    return first;
  }
}

/**
 * Returns for each entry 1 + the place of a list, 0 where the entry is free, with eight entries in a bucket. Each list stands
 * within a few buckets of its tag's home, before a free entry.
 */
function placeBuckets(lists: Lists): Int32Array {
  for (let buckets = 2 ** Math.ceil(Math.log2(Math.max(1, lists.size / 4))); ; buckets *= 2) {
    const entries = new Int32Array(buckets * ENTRIES);
    const filled = new Uint8Array(buckets);
    let place = 0;
    while (place < lists.size && (lists.count(place) === 0 || placeTag(entries, filled, lists.tag(place), place))) place++;
    if (place === lists.size) return entries;
  }
}

function placeTag(entries: Int32Array, filled: Uint8Array, tag: number, place: number): boolean {
  const home = homeOf(tag);
  for (let step = 0; step < Limit.BUCKETS_PROBED; step++) {
    const bucket = (home + step) & (filled.length - 1);
    const used = filled[bucket]!;
    if (used === ENTRIES) continue;
    entries[bucket * ENTRIES + used] = place + 1;
    filled[bucket] = used + 1;
    return true;
  }
  return false;
}
