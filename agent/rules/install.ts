/**
 * Puts rules in force: writes the copy that no packet reads, then flips one word. Each packet reads that word once and
 * so sees the old rules or the new ones, whole. The old copy is written again only after every packet that may still
 * read it is through.
 */

import { endianness } from "node:os";
import { GENERATION_WRITING, InterfaceEntry, Limit, Policy } from "../generated/layout.ts";
import type { CompiledRules } from "./compile.ts";
import { pack, type OperatorSession } from "./pack.ts";

/** The tables, as memory that the kernel reads: each view is the whole of a map. */
export interface RuleTables {
  policies: Uint8Array;
  cells: Uint8Array;
  rules: Uint8Array;
  interfaces: Uint8Array;
  /** The generation in force; its lowest bit says which copy is read. */
  generation(): number;
  /** One store: from here on packets read the other copy. */
  flip(generation: number): void;
  /** Resolves once no packet that began before the call is still being judged. */
  waitGracePeriod(): Promise<void>;
}

export interface InterfaceRow {
  ifindex: number;
  name: string;
  /** Of the traffic counters. */
  slot: number;
  /** Bits of enum weir_interface_flag. */
  flags: number;
}

const LITTLE_ENDIAN = endianness() === "LE";
const GENERATION_AFTER_THE_LAST = 1;

/** Where a map's elements start: the kernel rounds their size up to 8. */
function strideOf(size: number): number {
  return Math.ceil(size / 8) * 8;
}

export class Installer {
  readonly #tables: RuleTables;
  readonly #rows = new Map<number, InterfaceRow>();
  /** Of each copy, as far as this process knows what it holds. */
  readonly #groupsOf: (CompiledRules["groupsOf"] | undefined)[] = [undefined, undefined];
  #turn: Promise<unknown>;

  constructor(tables: RuleTables) {
    this.#tables = tables;
    // Whoever was here before may have flipped just now.
    this.#turn = tables.waitGracePeriod();
  }

  /**
   * The rules that packets meet from the returned generation on. Calls wait for each other. `beforeFlip` runs when all
   * is written and nothing is in force yet.
   */
  install(compiled: CompiledRules, sessions: readonly OperatorSession[] = [], beforeFlip: () => void = () => {}): Promise<number> {
    const installed = this.#turn.then(() => this.#write(compiled, sessions, beforeFlip));
    this.#turn = installed.then(
      () => this.#tables.waitGracePeriod(),
      () => {}, // told to the caller; nothing was flipped
    );
    return installed;
  }

  #write(compiled: CompiledRules, sessions: readonly OperatorSession[], beforeFlip: () => void): number {
    const { policies, cells, rules } = this.#tables;
    const generation = generationAfter(this.#tables.generation());
    const copy = generation & 1;
    const packed = pack(compiled, generation, sessions);
    policies.set(packed.policy, copy * strideOf(Policy.size));
    cells.set(packed.cells, (copy * cells.length) / 2);
    rules.set(packed.rules, (copy * rules.length) / 2);
    this.#groupsOf[copy] = compiled.groupsOf;
    for (const row of this.#rows.values()) this.#writeGroups(row, copy);
    beforeFlip();
    this.#tables.flip(generation);
    return generation;
  }

  /** Makes an interface known. False if another one has its place, as two whose indexes differ by the table's length. */
  addInterface(row: InterfaceRow): boolean {
    const at = placeOf(row.ifindex);
    const view = this.#interfacesView();
    const holder = view.getUint32(at + InterfaceEntry.ifindex, LITTLE_ENDIAN);
    if (holder !== 0 && holder !== row.ifindex) return false;
    this.#rows.set(row.ifindex, row);
    this.#writeGroups(row, 0);
    this.#writeGroups(row, 1);
    view.setUint16(at + InterfaceEntry.slot, row.slot, LITTLE_ENDIAN);
    view.setUint16(at + InterfaceEntry.flags, row.flags, LITTLE_ENDIAN);
    view.setUint32(at + InterfaceEntry.ifindex, row.ifindex, LITTLE_ENDIAN); // last: it makes the rest count
    return true;
  }

  removeInterface(ifindex: number): void {
    if (!this.#rows.delete(ifindex)) return;
    const at = placeOf(ifindex);
    this.#interfacesView().setUint32(at + InterfaceEntry.ifindex, 0, LITTLE_ENDIAN);
    this.#tables.interfaces.fill(0, at, at + InterfaceEntry.size);
  }

  #writeGroups({ ifindex, name }: InterfaceRow, copy: number): void {
    const { at, stride } = InterfaceEntry.groups;
    const groupsOf = this.#groupsOf[copy];
    if (groupsOf === undefined) return; // rules of an agent before this one: its groups stay as it wrote them
    this.#interfacesView().setBigUint64(placeOf(ifindex) + at + copy * stride, groupsOf(name), LITTLE_ENDIAN);
  }

  #interfacesView(): DataView {
    const { buffer, byteOffset, byteLength } = this.#tables.interfaces;
    return new DataView(buffer, byteOffset, byteLength);
  }
}

function placeOf(ifindex: number): number {
  return (ifindex % Limit.INTERFACE_ENTRIES) * strideOf(InterfaceEntry.size);
}

/** The copy of the rules that comes into force after this generation. */
export function copyAfter(generation: number): number {
  return generationAfter(generation) & 1;
}

/** Odd and even take turns, also where the counter starts again. */
export function generationAfter(generation: number): number {
  return generation + 1 < GENERATION_WRITING ? generation + 1 : GENERATION_AFTER_THE_LAST;
}
