/**
 * Puts rules in force: writes the copy that no packet reads, then flips one word. Each packet reads that word once and
 * so sees the old rules or the new ones, whole. The old copy is written again only after every packet that may still
 * read it is through.
 *
 * A copy holds the rules of the file from its first cell on, and their front at its end. As soon as both copies have
 * the same rules of the file, another front is all that has to be written to put it in force.
 */

import { endianness } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import { GENERATION_WRITING, Matcher, Policy, Rule } from "../generated/layout.ts";
import { interfaceGroupsOf } from "../policy/compile.ts";
import type { CompiledRules, Part, PartImage } from "../policy/compiled.ts";
import { type Group, groupsOf } from "../policy/groups.ts";
import type { InterfaceFacts, InterfaceTable } from "../policy/interface-table.ts";
import { type OperatorSession, packPolicy } from "../policy/pack.ts";

/** The tables, as memory that the kernel reads: each is the whole of a map. */
export interface RuleTables {
  policies: Uint8Array;
  cells: Uint8Array;
  rules: Uint8Array;
  interfaces: InterfaceTable;
  /** The generation in force; its lowest bit says which copy is read. */
  generation(): number;
  /** One store: from here on packets read the other copy. */
  flip(generation: number): void;
  /** Resolves once no packet that began before the call is still being judged. */
  waitGracePeriod(): Promise<void>;
}

export interface InterfaceRow extends InterfaceFacts {
  name: string;
}

const LITTLE_ENDIAN = endianness() === "LE";
const GENERATION_AFTER_THE_LAST = 1;
/** A matcher fills it. */
const CELL = Matcher.size;
const RULE_WORDS = Rule.size / 4;
/** Written at one go, while nothing else can run: well below a millisecond. */
const SLICE = 1024 * 1024;

/** Where a map's elements start: the kernel rounds their size up to 8. */
function strideOf(size: number): number {
  return Math.ceil(size / 8) * 8;
}

/** What `packPolicy` made of kindsPlace, where the policies of both copies lie. */
export function placeOfKinds(policies: DataView, copy: number): number | undefined {
  const said = policies.getUint32(copy * strideOf(Policy.size) + Policy.kinds, LITTLE_ENDIAN);
  return said === 0 ? undefined : said - 1;
}

export class Installer {
  readonly #tables: RuleTables;
  readonly #rows = new Map<number, InterfaceRow>();
  /** What each copy's rules say of interfaces, as far as this process knows what it holds. */
  readonly #groups: (Group[] | undefined)[] = [undefined, undefined];
  /** Whether both copies hold the same rules of the file. */
  #alike = false;
  #turn: Promise<unknown>;
  #closed = false;

  constructor(tables: RuleTables) {
    this.#tables = tables;
    // Whoever was here before may have flipped just now.
    this.#turn = tables.waitGracePeriod();
  }

  /** The tables are not touched any more, and may go. */
  close(): void {
    this.#closed = true;
  }

  /** Runs what puts other tables in the place of these, which hold the same, while nothing is written. */
  exchangeTables(exchange: () => Promise<void>): Promise<void> {
    const exchanged = this.#turn.then(exchange);
    this.#turn = exchanged.catch(() => {}); // told to the caller
    return exchanged;
  }

  /**
   * The rules that packets meet from the returned generation on. Calls wait for each other. `beforeFlip` runs when all
   * is written and nothing is in force yet.
   */
  install(
    compiled: CompiledRules,
    sessions: readonly OperatorSession[] = [],
    beforeFlip: () => void | Promise<void> = () => {},
  ): Promise<number> {
    const installed = this.#turn.then(() => this.#write(compiled, sessions, beforeFlip));
    this.#turn = installed.then(
      async (generation) => {
        await this.#tables.waitGracePeriod();
        if (!this.#alike) await this.#copyFile(compiled.file, generation & 1);
      },
      () => {}, // told to the caller; nothing was flipped
    );
    return installed;
  }

  /** Has every connection ask the rules again, though they are the same: what they ask for has changed. */
  refresh(): Promise<number> {
    const refreshed = this.#turn.then(() => {
      const generation = generationAfter(generationAfter(this.#tables.generation())); // of the same copy
      this.#tables.flip(generation);
      return generation;
    });
    this.#turn = refreshed.catch(() => {}); // told to the caller
    return refreshed;
  }

  async #write(compiled: CompiledRules, sessions: readonly OperatorSession[], beforeFlip: () => void | Promise<void>): Promise<number> {
    const { policies, cells } = this.#tables;
    const { front, file } = compiled;
    const generation = generationAfter(this.#tables.generation());
    const copy = generation & 1;
    const frontCell = cells.length / 2 / CELL - front.cellCount;
    const packed = packPolicy(compiled, generation, front.alternatives === 0 ? 0 : frontCell, sessions);
    if (file.image !== undefined) {
      this.#alike = false;
      await this.#writePart(file, file.image, copy, 0);
    } else if (!this.#alike) {
      await this.#copyFile(file, 1 - copy); // the last who wrote here did not get as far as the flip
    }
    if (front.image !== undefined) await this.#writePart(front, front.image, copy, frontCell);
    await beforeFlip();
    if (this.#closed) throw new Error("the tables are closed");
    policies.set(packed, copy * strideOf(Policy.size));
    this.#groups[copy] = interfaceGroupsOf(compiled);
    for (const row of this.#rows.values()) this.#writeGroups(row, copy);
    this.#tables.flip(generation);
    return generation;
  }

  async #writePart({ slots: { slots } }: Part, image: PartImage, copy: number, firstCell: number): Promise<void> {
    const { cells, rules } = this.#tables;
    const bytes = new Uint8Array(image.cells.buffer, image.cells.byteOffset, image.cells.byteLength);
    const start = (copy * cells.length) / 2 + firstCell * CELL;
    await this.#inSlices(bytes.length, SLICE, (from, to) => cells.set(bytes.subarray(from, to), start + from));

    const words = new Uint32Array(rules.buffer, rules.byteOffset + (copy * rules.length) / 2, rules.length / 8);
    const packed = new Uint32Array(image.rules.buffer, image.rules.byteOffset, image.rules.length / 4);
    await this.#inSlices(slots.length, Math.floor(SLICE / Rule.size), (from, to) => {
      for (let index = from; index < to; index++) {
        for (let word = 0; word < RULE_WORDS; word++) words[slots[index]! * RULE_WORDS + word] = packed[index * RULE_WORDS + word]!;
      }
    });
  }

  /** Gives the other copy the rules of the file that this one holds. */
  async #copyFile(file: Part, from: number): Promise<void> {
    const { cells, rules } = this.#tables;
    await this.#inSlices(file.cellCount * CELL, SLICE, (start, end) => copyHalf(cells, from, start, end));
    await this.#inSlices(rules.length / 2, SLICE, (start, end) => copyHalf(rules, from, start, end));
    this.#alike = true;
  }

  /** Lets others run between one slice and the next. */
  async #inSlices(length: number, slice: number, write: (from: number, to: number) => void): Promise<void> {
    for (let from = 0; from < length; from += slice) {
      if (from > 0) await nextTurn();
      if (this.#closed) return;
      write(from, Math.min(length, from + slice));
    }
  }

  get interfaces(): InterfaceTable {
    return this.#tables.interfaces;
  }

  /** Makes an interface known. False if the table of interfaces is full. */
  addInterface(row: InterfaceRow): boolean {
    if (!this.interfaces.claim(row.ifindex)) return false;
    this.#rows.set(row.ifindex, row);
    this.#writeGroups(row, 0);
    this.#writeGroups(row, 1);
    this.interfaces.publish(row);
    return true;
  }

  removeInterface(ifindex: number): void {
    this.#rows.delete(ifindex);
    this.interfaces.remove(ifindex);
  }

  #writeGroups({ ifindex, name }: InterfaceRow, copy: number): void {
    const groups = this.#groups[copy];
    if (groups === undefined) return; // rules of an agent before this one: its groups stay as it wrote them
    this.interfaces.setGroups(ifindex, copy, groupsOf(groups, name));
  }
}

/** The copy of the rules that comes into force after this generation. */
export function copyAfter(generation: number): number {
  return generationAfter(generation) & 1;
}

function copyHalf(table: Uint8Array, from: number, start: number, end: number): void {
  const half = table.length / 2;
  table.copyWithin((1 - from) * half + start, from * half + start, from * half + end);
}

/** Odd and even take turns, also where the counter starts again. */
export function generationAfter(generation: number): number {
  return generation + 1 < GENERATION_WRITING ? generation + 1 : GENERATION_AFTER_THE_LAST;
}
