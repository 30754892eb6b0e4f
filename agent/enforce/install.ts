/**
 * Puts rules in force: it writes the copy that no packet reads, then flips one word. Each packet reads that word once and so sees
 * the old rules or the new ones, whole. The old copy is written again only after every packet that may still read it has left the
 * programs.
 *
 * A copy holds the rules of the file from its first cell on, and the front at its end. Once both copies have the same rules of
 * the file, only another front has to be written to put it in force.
 */

import { endianness } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import { GENERATION_WRITING, Matcher, Policy, Rule } from "../generated/layout.ts";
import { interfaceGroupsOf } from "../policy/compile.ts";
import type { CompiledRules, Part, PartImage } from "../policy/compiled.ts";
import { type Group, groupsOf } from "../policy/groups.ts";
import type { InterfaceFacts, InterfaceTable } from "../policy/interface-table.ts";
import { type SessionEnds, packPolicy } from "../policy/pack.ts";

/** The tables as memory that the kernel reads. Each is the whole of a map. */
export interface RuleTables {
  policies: Uint8Array;
  cells: Uint8Array;
  rules: Uint8Array;
  interfaces: InterfaceTable;
  /** Returns the generation in force. Its lowest bit tells which copy packets read. */
  generation(): number;
  /** Makes packets read the other copy from now on, with one store. */
  flip(generation: number): void;
  /** Resolves once no packet that began before the call is still being judged. */
  waitGracePeriod(): Promise<void>;
}

export interface InterfaceRow extends InterfaceFacts {
  name: string;
}

const LITTLE_ENDIAN = endianness() === "LE";
const GENERATION_AFTER_THE_LAST = 1;
/** A matcher fills a cell. */
const CELL = Matcher.size;
const RULE_WORDS = Rule.size / 4;
/** This much is written without a pause, which takes well below a millisecond. */
const SLICE = 1024 * 1024;

/** Returns the distance of a map's elements: the kernel rounds their size up to 8. */
function strideOf(size: number): number {
  return Math.ceil(size / 8) * 8;
}

/** Returns the kindsPlace that `packPolicy` wrote, in the memory with the policies of both copies. */
export function placeOfKinds(policies: DataView, copy: number): number | undefined {
  const said = policies.getUint32(copy * strideOf(Policy.size) + Policy.kinds, LITTLE_ENDIAN);
  return said === 0 ? undefined : said - 1;
}

export class Installer {
  readonly #tables: RuleTables;
  readonly #rows = new Map<number, InterfaceRow>();
  /** The choices of interfaces of each copy's rules; undefined if an earlier agent wrote the copy. */
  readonly #groups: (Group[] | undefined)[] = [undefined, undefined];
  /** True if both copies hold the same rules of the file. */
  #alike = false;
  #turn: Promise<unknown>;
  #closed = false;

  constructor(tables: RuleTables) {
    this.#tables = tables;
    // An earlier agent may have flipped just now.
    this.#turn = tables.waitGracePeriod();
  }

  /** Stops using the tables, which may then be closed. */
  close(): void {
    this.#closed = true;
  }

  /** Runs a function that replaces these tables by others with the same content, while nothing is written. */
  exchangeTables(exchange: () => Promise<void>): Promise<void> {
    const exchanged = this.#turn.then(exchange);
    this.#turn = exchanged.catch(() => {}); // the caller gets the error
    return exchanged;
  }

  /**
   * Puts rules in force, and resolves to the generation from which packets meet them. Calls wait for each other. `beforeFlip`
   * runs when everything is written and nothing is in force yet.
   */
  install(
    compiled: CompiledRules,
    sessions: readonly SessionEnds[] = [],
    beforeFlip: () => void | Promise<void> = () => {},
  ): Promise<number> {
    const installed = this.#turn.then(() => this.#write(compiled, sessions, beforeFlip));
    this.#turn = installed.then(
      async (generation) => {
        await this.#tables.waitGracePeriod();
        if (!this.#alike) await this.#copyFile(compiled.file, generation & 1);
      },
      () => {}, // the caller gets the error; nothing was flipped
    );
    return installed;
  }

  /** Makes every connection ask the same rules again, because something that they refer to has changed. */
  refresh(): Promise<number> {
    const refreshed = this.#turn.then(() => {
      const generation = generationAfter(generationAfter(this.#tables.generation())); // two generations later the same copy is read
      this.#tables.flip(generation);
      return generation;
    });
    this.#turn = refreshed.catch(() => {}); // the caller gets the error
    return refreshed;
  }

  async #write(compiled: CompiledRules, sessions: readonly SessionEnds[], beforeFlip: () => void | Promise<void>): Promise<number> {
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
      await this.#copyFile(file, 1 - copy); // the last writer did not get as far as the flip
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

  /** Lets other work run between one slice and the next. */
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

  /** Adds an interface. Returns false if the table of interfaces is full. */
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
    if (groups === undefined) return; // an earlier agent wrote these rules: the groups stay as it wrote them
    this.interfaces.setGroups(ifindex, copy, groupsOf(groups, name));
  }
}

/** Returns the copy of the rules that comes into force after this generation. */
export function copyAfter(generation: number): number {
  return generationAfter(generation) & 1;
}

function copyHalf(table: Uint8Array, from: number, start: number, end: number): void {
  const half = table.length / 2;
  table.copyWithin((1 - from) * half + start, from * half + start, from * half + end);
}

/** Odd and even generations take turns, also where the counter starts again. */
export function generationAfter(generation: number): number {
  return generation + 1 < GENERATION_WRITING ? generation + 1 : GENERATION_AFTER_THE_LAST;
}
