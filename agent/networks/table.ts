/**
 * Addresses and prefixes by set, as the kernel looks them up (probes/networks.h). Only this process writes them, entry
 * by entry: an entry counts from its last byte on, so that packets see it whole or not at all. Nothing is kept beside
 * the table: where an entry stands is found as the kernel finds it.
 */

import { formatNetwork, isMapped, type Network } from "../../config/address.ts";
import { Limit, Member as MemberBits, NetworkKey, NetworkLine, NetworkRoot, NetworkSets } from "../generated/layout.ts";

const ENTRIES = NetworkLine.length.count;
const LINE_WORDS = NetworkLine.size / 4;
/** Shorter IPv4 prefixes, all of IPv6, and what finds no room in its lines are in the other table. */
const SHORTEST_IN_LINE = 96 + 24;
const MAPPED_BITS = 96;
/** The lower half of 128 bits, where the lengths of IPv4 are. */
const HALF = 64;
const ONES = 0xffff_ffff_ffff_ffffn;

/** The copies of the rules that a membership counts for. */
export const BOTH_COPIES = MemberBits.IN_COPY_0 | MemberBits.IN_COPY_1;

export function onlyInCopy(copy: number): number {
  return MemberBits.IN_COPY_0 << copy;
}

export interface NetworkMemory {
  /** All lines, as memory that the kernel reads: a power of two. */
  lines: Uint8Array;
  /** A struct network_root. */
  root: Uint8Array;
  prefixes: {
    get(key: Uint8Array): Uint8Array | undefined;
    /** Throws TableFull. */
    update(key: Uint8Array, value: Uint8Array): void;
    /** False when there was none. */
    delete(key: Uint8Array): boolean;
    clear(): void;
    /** All that are there. */
    entries(): Iterable<{ key: Uint8Array; value: Uint8Array }>;
  };
}

export interface Membership {
  network: Network;
  set: number;
  /** Second of the boot clock, 0 for ever. */
  until: number;
}

/** There is no room for one more. The message says why, and what to do. */
export class TableFull extends Error {
  override name = "TableFull";
}

interface Place {
  line: number;
  entry: number;
}

export class NetworkTable {
  readonly #memory: NetworkMemory;
  readonly #words: Uint32Array;
  readonly #mask: number;
  readonly #root: DataView;
  readonly #whenUsed: (inLines: boolean, asPrefixes: boolean) => void;
  #inLines = 0;
  /** How many prefixes there are of each length: of IPv6 in 128 bits, of IPv4 the same and MAPPED. */
  readonly #lengths = new Map<number, number>();

  /** Takes over what an agent before left in the tables. `whenUsed` hears which of the two hold anything. */
  constructor(memory: NetworkMemory, whenUsed: (inLines: boolean, asPrefixes: boolean) => void = () => {}) {
    this.#memory = memory;
    this.#words = new Uint32Array(memory.lines.buffer, memory.lines.byteOffset, memory.lines.byteLength / 4);
    this.#mask = memory.lines.byteLength / NetworkLine.size - 1;
    this.#root = new DataView(memory.root.buffer, memory.root.byteOffset);
    this.#whenUsed = whenUsed;
    for (const _ of this.#inUse()) this.#inLines++;
    for (const { key } of memory.prefixes.entries()) this.#countLength(networkOf(key), 1);
    this.#writeRoot();
  }

  /** All that is there. */
  *members(): Generator<Membership> {
    const { lines, prefixes } = this.#memory;
    for (const { line, entry } of this.#inUse()) {
      const address = new Uint8Array(16);
      address.fill(0xff, 10, 12);
      new DataView(address.buffer).setUint32(12, this.#words[addressAt(line, entry)]!);
      const length = MAPPED_BITS + lines[lengthAt(line, entry)]!;
      yield { network: { family: 4, address, length }, set: lines[memberAt(line, entry)]! & MemberBits.SET, until: this.#words[untilAt(line, entry)]! };
    }
    for (const { key, value } of prefixes.entries()) {
      const network = networkOf(key);
      for (const { set, until } of setsIn(value)) yield { network, set, until };
    }
  }

  /** Takes all away at once. */
  clear(): void {
    this.#inLines = 0;
    this.#lengths.clear();
    this.#writeRoot();
    this.#memory.lines.fill(0);
    this.#memory.prefixes.clear();
  }

  /** Of one bit at least. `until`: second of the boot clock, 0 for ever. A member that is there gets the new end, and the new copies. Throws TableFull. */
  put(network: Network, set: number, until: number, copies = BOTH_COPIES): void {
    const member = set | copies;
    if (isInLine(network) && this.#renewInLine(network, member, until)) return;
    const value = this.#prefix(network);
    if (isInLine(network) && (value === undefined || !isIn(value, set)) && this.#addToLine(network, member, until)) return;
    this.#putPrefix(network, member, until, value);
  }

  /** False when it was not there. */
  take(network: Network, set: number): boolean {
    return (isInLine(network) && this.#takeFromLine(network, set)) || this.#takePrefix(network, set);
  }

  #renewInLine(network: Network, member: number, until: number): boolean {
    const known = this.#find(network, member & MemberBits.SET);
    if (known === undefined) return false;
    this.#words[untilAt(known.line, known.entry)] = until;
    this.#memory.lines[memberAt(known.line, known.entry)] = member;
    return true;
  }

  /** False when the lines that could hold it are full. */
  #addToLine(network: Network, member: number, until: number): boolean {
    const { lines } = this.#memory;
    const { address, length } = asIPv4(network);
    const free = this.#free(address);
    if (free === undefined) return false;
    const { line, entry } = free;
    this.#words[addressAt(line, entry)] = address;
    this.#words[untilAt(line, entry)] = until;
    lines[memberAt(line, entry)] = member;
    lines[lengthAt(line, entry)] = length; // last: it makes the rest count
    if (this.#inLines++ === 0) this.#writeRoot();
    return true;
  }

  #takeFromLine(network: Network, set: number): boolean {
    const known = this.#find(network, set);
    if (known === undefined) return false;
    this.#memory.lines[lengthAt(known.line, known.entry)] = 0;
    if (--this.#inLines === 0) this.#writeRoot();
    return true;
  }

  #find(network: Network, set: number): Place | undefined {
    const { lines } = this.#memory;
    const { address, length } = asIPv4(network);
    for (let step = 0; step < Limit.NETWORK_LINES_PROBED; step++) {
      const line = (homeOf(address) + step) & this.#mask;
      for (let entry = 0; entry < ENTRIES; entry++) {
        if (lines[lengthAt(line, entry)] !== length || this.#words[addressAt(line, entry)] !== address) continue;
        if ((lines[memberAt(line, entry)]! & MemberBits.SET) === set) return { line, entry };
      }
      if (lines[line * NetworkLine.size + NetworkLine.is_full] === 0) return undefined;
    }
    return undefined;
  }

  /** The lines that are full up to there say so, before an entry behind them is written. */
  #free(address: number): Place | undefined {
    const { lines } = this.#memory;
    const full: number[] = [];
    for (let step = 0; step < Limit.NETWORK_LINES_PROBED; step++) {
      const line = (homeOf(address) + step) & this.#mask;
      for (let entry = 0; entry < ENTRIES; entry++) {
        if (lines[lengthAt(line, entry)] !== 0) continue;
        for (const before of full) lines[before * NetworkLine.size + NetworkLine.is_full] = 1;
        return { line, entry };
      }
      full.push(line);
    }
    return undefined;
  }

  #prefix(network: Network): Uint8Array | undefined {
    return this.#lengths.has(lengthKey(network)) ? this.#memory.prefixes.get(keyOf(network)) : undefined;
  }

  #putPrefix(network: Network, member: number, until: number, before: Uint8Array | undefined): void {
    if (before === undefined) this.#admitLength(network);
    const value = before?.slice() ?? new Uint8Array(NetworkSets.size);
    forget(value, member & MemberBits.SET);
    if (!write(value, member, until)) throw new TableFull(`${formatNetwork(network)} is in ${NetworkSets.member.count} sets already that end it, and no more fit; leave it out of one of them, or let it be there for ever`);
    this.#memory.prefixes.update(keyOf(network), value);
    if (before === undefined && this.#countLength(network, 1) === 1) this.#writeRoot();
  }

  #takePrefix(network: Network, set: number): boolean {
    const value = this.#prefix(network)?.slice();
    if (value === undefined || !isIn(value, set)) return false;
    forget(value, set);
    if (setsIn(value).next().done !== true) {
      this.#memory.prefixes.update(keyOf(network), value);
      return true;
    }
    this.#memory.prefixes.delete(keyOf(network));
    if (this.#countLength(network, -1) === 0) this.#writeRoot();
    return true;
  }

  #admitLength(network: Network): void {
    if (network.family === 4 || this.#lengths.has(lengthKey(network))) return;
    const used = [...this.#lengths.keys()].filter((key) => key <= 128).length;
    if (used < Limit.NETWORK_LENGTHS) return;
    throw new TableFull(`there are IPv6 prefixes of ${Limit.NETWORK_LENGTHS} different lengths already, and no more lengths fit; split ${formatNetwork(network)} into longer prefixes`);
  }

  /** How many prefixes of its length there are then. */
  #countLength(network: Network, more: number): number {
    const key = lengthKey(network);
    const count = (this.#lengths.get(key) ?? 0) + more;
    if (count === 0) this.#lengths.delete(key);
    else this.#lengths.set(key, count);
    return count;
  }

  *#inUse(): Generator<Place> {
    const { lines } = this.#memory;
    for (let line = 0; line <= this.#mask; line++) {
      for (let entry = 0; entry < ENTRIES; entry++) if (lines[lengthAt(line, entry)] !== 0) yield { line, entry };
    }
  }

  #writeRoot(): void {
    let [ipv6, ipv4] = [0n, 0n];
    for (const key of this.#lengths.keys()) {
      if (key <= 128) ipv6 |= 1n << BigInt(key - 1);
      else ipv4 |= 1n << BigInt(key - MAPPED - HALF - 1);
    }
    this.#root.setBigUint64(NetworkRoot.lengths.at, ipv6 & ONES, true);
    this.#root.setBigUint64(NetworkRoot.lengths.at + NetworkRoot.lengths.stride, ipv6 >> 64n, true);
    this.#root.setBigUint64(NetworkRoot.ipv4_lengths, ipv4, true);
    this.#root.setUint32(NetworkRoot.in_lines, this.#inLines > 0 ? 1 : 0, true);
    this.#whenUsed(this.#inLines > 0, this.#lengths.size > 0);
  }
}

const MAPPED = 1000;

function lengthKey({ family, length }: Network): number {
  return family === 4 ? MAPPED + length : length;
}

function isInLine({ family, length }: Network): boolean {
  return family === 4 && length >= SHORTEST_IN_LINE;
}

function asIPv4({ address, length }: Network): { address: number; length: number } {
  return { address: new DataView(address.buffer, address.byteOffset).getUint32(12), length: length - MAPPED_BITS };
}

/** Those of one /24 begin in one line. */
function homeOf(address: number): number {
  return Math.imul(address >>> 8, 0x9e3779b1) >>> 4;
}

function addressAt(line: number, entry: number): number {
  return line * LINE_WORDS + NetworkLine.address.at / 4 + entry;
}

function untilAt(line: number, entry: number): number {
  return line * LINE_WORDS + NetworkLine.until.at / 4 + entry;
}

function lengthAt(line: number, entry: number): number {
  return line * NetworkLine.size + NetworkLine.length.at + entry;
}

function memberAt(line: number, entry: number): number {
  return line * NetworkLine.size + NetworkLine.member.at + entry;
}

/** The sets in a struct network_sets. */
function* setsIn(value: Uint8Array): Generator<Omit<Membership, "network">> {
  const view = new DataView(value.buffer, value.byteOffset);
  const { at, stride, count } = NetworkSets.lasting;
  let lasting = 0n;
  for (let copy = 0; copy < count; copy++) lasting |= view.getBigUint64(at + copy * stride, true);
  for (let set = 0; lasting !== 0n; set++, lasting >>= 1n) if (lasting & 1n) yield { set, until: 0 };
  for (let place = 0; place < NetworkSets.member.count; place++) {
    const member = value[NetworkSets.member.at + place]!;
    if (member !== 0) yield { set: member & MemberBits.SET, until: view.getUint32(NetworkSets.until.at + place * NetworkSets.until.stride, true) };
  }
}

function isIn(value: Uint8Array, set: number): boolean {
  for (const one of setsIn(value)) if (one.set === set) return true;
  return false;
}

function forget(value: Uint8Array, set: number): void {
  const view = new DataView(value.buffer, value.byteOffset);
  const { at, stride, count } = NetworkSets.lasting;
  for (let copy = 0; copy < count; copy++) view.setBigUint64(at + copy * stride, view.getBigUint64(at + copy * stride, true) & ~(1n << BigInt(set)), true);
  for (let place = 0; place < NetworkSets.member.count; place++) {
    const member = NetworkSets.member.at + place;
    if (value[member] !== 0 && (value[member]! & MemberBits.SET) === set) value[member] = 0;
  }
}

/** Writes a membership that is not there; false where there is no room for one that ends. */
function write(value: Uint8Array, member: number, until: number): boolean {
  const view = new DataView(value.buffer, value.byteOffset);
  if (until === 0) {
    const { at, stride, count } = NetworkSets.lasting;
    const bit = 1n << BigInt(member & MemberBits.SET);
    for (let copy = 0; copy < count; copy++) if (member & onlyInCopy(copy)) view.setBigUint64(at + copy * stride, view.getBigUint64(at + copy * stride, true) | bit, true);
    return true;
  }
  for (let place = 0; place < NetworkSets.member.count; place++) {
    if (value[NetworkSets.member.at + place] !== 0) continue;
    view.setUint32(NetworkSets.until.at + place * NetworkSets.until.stride, until, true);
    value[NetworkSets.member.at + place] = member;
    return true;
  }
  return false;
}

function keyOf({ address, length }: Network): Uint8Array {
  const key = new Uint8Array(NetworkKey.size);
  const view = new DataView(key.buffer);
  const bytes = new DataView(address.buffer, address.byteOffset);
  view.setBigUint64(NetworkKey.address.at, bytes.getBigUint64(0), true);
  view.setBigUint64(NetworkKey.address.at + NetworkKey.address.stride, bytes.getBigUint64(8), true);
  view.setUint32(NetworkKey.length, length, true);
  return key;
}

function networkOf(key: Uint8Array): Network {
  const from = new DataView(key.buffer, key.byteOffset);
  const address = new Uint8Array(16);
  const to = new DataView(address.buffer);
  to.setBigUint64(0, from.getBigUint64(NetworkKey.address.at, true));
  to.setBigUint64(8, from.getBigUint64(NetworkKey.address.at + NetworkKey.address.stride, true));
  return { family: isMapped(address) ? 4 : 6, address, length: from.getUint32(NetworkKey.length, true) };
}
