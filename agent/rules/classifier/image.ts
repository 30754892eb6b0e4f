/** One copy of the kernel's cells, being written: parts are laid one after the other and found by their first cell. */

import { Limit, Matcher, MatcherFlag, MatcherIndex, MatcherTable, Pruner } from "../../generated/layout.ts";
import { type Family, homeOf } from "./form.ts";
import { type Lines, WORDS } from "./line.ts";
import { makeBitmaps } from "./pruners.ts";
import { type Table, Tables } from "./tables.ts";

const INDEX_CELLS = MatcherIndex.size / 64;
const ENTRIES = 8;
/** Up to so many matchers are quicker compared than looked up. */
const FEW = 6;

/** More than LIMIT_LIST matchers under one key. */
export class Crowded extends Error {
  readonly lines: readonly number[];
  constructor(lines: readonly number[]) {
    super(`${lines.length} matchers have one key`);
    this.lines = lines;
  }
}

export class Image {
  words: Uint32Array;
  /** Cells in use. */
  used: number;

  constructor(indexes: number) {
    this.words = new Uint32Array(1024 * WORDS);
    this.used = indexes * INDEX_CELLS;
  }

  /** Writes the index of this number over `chosen`, which are in the order of their rules. */
  addIndex(number: number, lines: Lines, chosen: readonly number[], family: Family, withPorts: boolean): void {
    const at = number * INDEX_CELLS * WORDS;
    if (chosen.length === 0) return;
    if (chosen.length <= FEW) {
      this.words[at + MatcherIndex.list / 4] = this.#addList(lines, chosen);
      return;
    }
    const tables = new Tables(lines, family, withPorts);
    tables.fill(chosen);
    this.#addTables(at, lines, family, tables.all, withPorts);
  }

  #addTables(at: number, lines: Lines, family: Family, tables: Table[], withPorts: boolean): void {
    const best = new Map(tables.map((table) => [table, bestOf(lines, table)]));
    tables.sort((a, b) => best.get(a)! - best.get(b)!); // what is found early leaves later tables no chance
    const first = this.#take(tables.length);
    for (const [index, table] of tables.entries()) this.#writeTable((first + index) * WORDS, table, best.get(table)!);
    this.words[at + MatcherIndex.table_count / 4] = tables.length;
    this.words[at + MatcherIndex.first_table / 4] = first;

    for (const [index, { always, bits, words }] of makeBitmaps(lines, family, tables).entries()) {
      const place = at + (MatcherIndex.pruners.at + index * MatcherIndex.pruners.stride) / 4;
      const cells = words.length / WORDS;
      const where = bits === 0 ? 0 : this.#take(cells);
      if (bits !== 0) this.words.set(words, where * WORDS);
      this.words[place + Pruner.always / 4] = always[0];
      this.words[place + Pruner.always / 4 + 1] = always[1];
      this.words[place + Pruner.first / 4] = where;
      this.words[place + Pruner.shift / 4] = 32 - bits;
    }

    const lists = new Map<number, number[]>();
    for (const table of tables) {
      for (const [tag, list] of table.lists) {
        const known = lists.get(tag);
        lists.set(tag, known === undefined ? list : [...known, ...list]); // of one tag by chance: compared whole, they do no harm
      }
    }
    const buckets = placeBuckets([...lists.keys()]);
    const bucketCells = buckets.length / ENTRIES;
    const firstBucket = this.#take(bucketCells);
    this.words[at + MatcherIndex.first_bucket / 4] = firstBucket;
    this.words[at + MatcherIndex.bucket_mask / 4] = bucketCells - 1;
    for (const [entry, tag] of buckets.entries()) {
      if (tag === 0) continue;
      const list = withoutCovered(lines, lists.get(tag)!.sort((a, b) => lines.order(a) - lines.order(b)), withPorts);
      const cell = this.#addList(lines, list);
      this.words[firstBucket * WORDS + 2 * entry] = tag;
      this.words[firstBucket * WORDS + 2 * entry + 1] = cell;
    }
  }

  #writeTable(at: number, { masks, seed }: Table, best: number): void {
    this.words.set(masks.source, at + MatcherTable.source_mask.at / 4);
    this.words.set(masks.destination, at + MatcherTable.destination_mask.at / 4);
    this.words[at + MatcherTable.port_mask / 4] = masks.ports;
    this.words[at + MatcherTable.protocol_mask / 4] = masks.protocol;
    this.words[at + MatcherTable.seed / 4] = seed;
    this.words[at + MatcherTable.best / 4] = best;
  }

  #addList(lines: Lines, list: readonly number[]): number {
    if (list.length > Limit.LIST) throw new Crowded(list);
    const first = this.#take(list.length);
    const written = new Uint8Array(this.words.buffer);
    for (const [index, line] of list.entries()) {
      const at = (first + index) * WORDS;
      this.words.set(lines.words.subarray(line * WORDS, (line + 1) * WORDS), at);
      if (index === list.length - 1) written[at * 4 + Matcher.flags]! |= MatcherFlag.LAST;
    }
    return first;
  }

  #take(cells: number): number {
    const first = this.used;
    this.used += cells;
    if (this.used * WORDS > this.words.length) {
      const larger = new Uint32Array(2 ** Math.ceil(Math.log2(this.used * WORDS)));
      larger.set(this.words);
      this.words = larger;
    }
    return first;
  }
}

/**
 * A list without the matchers that an earlier one makes meaningless: none of what they match comes to them. Long lists
 * would otherwise grow with every rule that is written again.
 */
function withoutCovered(lines: Lines, list: readonly number[], protocolIsKnown: boolean): readonly number[] {
  if (list.length <= FEW) return list;
  const kept: number[] = [];
  for (const line of list) if (!kept.some((earlier) => lines.makesMeaningless(earlier, line, protocolIsKnown))) kept.push(line);
  return kept;
}

function bestOf(lines: Lines, { lists }: Table): number {
  let best = 0xffffffff;
  for (const list of lists.values()) for (const line of list) best = Math.min(best, lines.order(line));
  return best;
}

/** Tags by entry, eight a bucket, 0 where free: each is found within a few buckets of its home, before a free entry. */
function placeBuckets(tags: readonly number[]): Uint32Array {
  for (let buckets = 2 ** Math.ceil(Math.log2(Math.max(1, tags.length / 4))); ; buckets *= 2) {
    const entries = new Uint32Array(buckets * ENTRIES);
    const filled = new Uint8Array(buckets);
    if (tags.every((tag) => placeTag(entries, filled, tag))) return entries;
  }
}

function placeTag(entries: Uint32Array, filled: Uint8Array, tag: number): boolean {
  const home = homeOf(tag);
  for (let step = 0; step < Limit.BUCKETS_PROBED; step++) {
    const bucket = (home + step) & (filled.length - 1);
    const place = filled[bucket]!;
    if (place === ENTRIES) continue;
    entries[bucket * ENTRIES + place] = tag;
    filled[bucket] = place + 1;
    return true;
  }
  return false;
}
