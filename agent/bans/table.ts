/**
 * Bans as the kernel looks them up (probes/bans.h). Only this process writes them, entry by entry: an entry counts from
 * its last byte on, so that packets see it whole or not at all. Nothing is kept beside the table: where an entry
 * stands is found as the kernel finds it.
 */

import { formatNetwork, isMapped, maskOf, type Network } from "../../config/address.ts";
import { Ban, BanFlag, BanKey, BanLine, BanRoot, FailsafePrefix, Limit } from "../generated/layout.ts";

const ENTRIES = BanLine.length.count;
/** Shorter IPv4 prefixes, all of IPv6, and what finds no room in its lines are in the other table. */
const SHORTEST_IN_LINE = 96 + 24;
const MAPPED_BITS = 96;

export interface BanMemory {
  /** All lines, as memory that the kernel reads: a power of two. */
  lines: Uint8Array;
  root: Uint8Array;
  prefixes: {
    has(key: Uint8Array): boolean;
    /** Throws BansFull. */
    update(key: Uint8Array, value: Uint8Array): void;
    /** False when there was none. */
    delete(key: Uint8Array): boolean;
    clear(): void;
  };
  /** Bits of enum weir_ban_flag, which packets look at first. */
  setFlags(flags: number): void;
}

/** There is no room for one more. The message says why, and what to do. */
export class BansFull extends Error {
  override name = "BansFull";
}

export class BanTable {
  readonly #memory: BanMemory;
  readonly #words: Uint32Array;
  readonly #mask: number;
  readonly #root: DataView;
  #inLines = 0;
  /** How many prefixes there are of each length. */
  readonly #lengths = new Map<number, number>();

  /** Of tables that are empty, or that `adopt` reads before anything else is asked. */
  constructor(memory: BanMemory) {
    this.#memory = memory;
    this.#words = new Uint32Array(memory.lines.buffer, memory.lines.byteOffset, memory.lines.byteLength / 4);
    this.#mask = memory.lines.byteLength / BanLine.size - 1;
    this.#root = new DataView(memory.root.buffer, memory.root.byteOffset);
  }

  /** Takes over what an agent before left in the tables. `keys`: of all prefixes that are there. */
  adopt(keys: Iterable<Uint8Array>): void {
    this.#inLines = 0;
    for (const _ of this.#inUse()) this.#inLines++;
    this.#lengths.clear();
    for (const key of keys) {
      const length = new DataView(key.buffer, key.byteOffset).getUint32(BanKey.length, true);
      this.#lengths.set(length, (this.#lengths.get(length) ?? 0) + 1);
    }
    this.#writeRoot();
  }

  /** All that is there; `keys` as above. */
  *networks(keys: Iterable<Uint8Array>): Generator<Network> {
    for (const { line, entry } of this.#inUse()) {
      const address = new Uint8Array(16);
      address.fill(0xff, 10, 12);
      new DataView(address.buffer).setUint32(12, this.#words[line * 16 + BanLine.address.at / 4 + entry]!);
      yield { family: 4, address, length: MAPPED_BITS + this.#memory.lines[line * BanLine.size + BanLine.length.at + entry]! };
    }
    for (const key of keys) yield networkOf(key);
  }

  /** Lifts all bans at once. */
  clear(): void {
    this.#inLines = 0;
    this.#lengths.clear();
    this.#writeRoot();
    this.#memory.lines.fill(0);
    this.#memory.prefixes.clear();
  }

  /** Networks that no ban reaches. At most LIMIT_BAN_EXCEPTIONS of them. */
  setExceptions(networks: readonly Network[]): void {
    const { at, stride, count } = BanRoot.exceptions;
    if (networks.length > count) throw new RangeError(`${networks.length} exceptions from bans, at most ${count} fit`);
    for (const [index, { address, length }] of networks.entries()) {
      this.#memory.root.set(address, at + index * stride + FailsafePrefix.address_be.at);
      this.#memory.root.set(maskOf(length), at + index * stride + FailsafePrefix.mask_be.at);
    }
    this.#root.setUint32(BanRoot.exception_count, networks.length, true);
  }

  /** `until`: second of the boot clock, 0 for ever. A ban that is there gets the new end. Throws BansFull. */
  add(network: Network, until: number): void {
    if (isInLine(network) && this.#renewInLine(network, until)) return;
    const isNew = !this.#isPrefix(network);
    if (isNew && isInLine(network) && this.#addToLine(network, until)) return;
    this.#addPrefix(network, until, isNew);
  }

  /** False when it was not there. */
  remove(network: Network): boolean {
    return (isInLine(network) && this.#removeFromLine(network)) || this.#removePrefix(network);
  }

  #renewInLine(network: Network, until: number): boolean {
    const { address, length } = asIPv4(network);
    const known = this.#find(address, length);
    if (known !== undefined) this.#words[known.line * 16 + BanLine.until.at / 4 + known.entry] = until;
    return known !== undefined;
  }

  /** False when the lines that could hold it are full. */
  #addToLine(network: Network, until: number): boolean {
    const { address, length } = asIPv4(network);
    const free = this.#free(address);
    if (free === undefined) return false;
    this.#words[free.line * 16 + BanLine.address.at / 4 + free.entry] = address;
    this.#words[free.line * 16 + BanLine.until.at / 4 + free.entry] = until;
    this.#memory.lines[free.line * BanLine.size + BanLine.length.at + free.entry] = length; // last: it makes the rest count
    if (this.#inLines++ === 0) this.#writeRoot();
    return true;
  }

  #removeFromLine(network: Network): boolean {
    const { address, length } = asIPv4(network);
    const known = this.#find(address, length);
    if (known === undefined) return false;
    this.#memory.lines[known.line * BanLine.size + BanLine.length.at + known.entry] = 0;
    if (--this.#inLines === 0) this.#writeRoot();
    return true;
  }

  #find(address: number, length: number): { line: number; entry: number } | undefined {
    const { lines } = this.#memory;
    for (let step = 0; step < Limit.BAN_LINES_PROBED; step++) {
      const line = (homeOf(address) + step) & this.#mask;
      for (let entry = 0; entry < ENTRIES; entry++) {
        if (lines[line * BanLine.size + BanLine.length.at + entry] === length && this.#words[line * 16 + BanLine.address.at / 4 + entry] === address) return { line, entry };
      }
      if (lines[line * BanLine.size + BanLine.is_full] === 0) return undefined;
    }
    return undefined;
  }

  /** The lines that are full up to there say so, before an entry behind them is written. */
  #free(address: number): { line: number; entry: number } | undefined {
    const { lines } = this.#memory;
    const full: number[] = [];
    for (let step = 0; step < Limit.BAN_LINES_PROBED; step++) {
      const line = (homeOf(address) + step) & this.#mask;
      for (let entry = 0; entry < ENTRIES; entry++) {
        if (lines[line * BanLine.size + BanLine.length.at + entry] !== 0) continue;
        for (const before of full) lines[before * BanLine.size + BanLine.is_full] = 1;
        return { line, entry };
      }
      full.push(line);
    }
    return undefined;
  }

  #isPrefix(network: Network): boolean {
    return this.#lengths.has(network.length) && this.#memory.prefixes.has(keyOf(network));
  }

  #addPrefix(network: Network, until: number, isNew: boolean): void {
    const { length } = network;
    if (!this.#lengths.has(length) && this.#lengths.size >= Limit.BAN_LENGTHS) throw new BansFull(`prefixes of ${Limit.BAN_LENGTHS} different lengths are banned already, and no more lengths fit (IPv4 from /24 on hardly counts); split ${formatNetwork(network)} into longer prefixes`);
    const value = new Uint8Array(Ban.size);
    new DataView(value.buffer).setUint32(Ban.until, until, true);
    this.#memory.prefixes.update(keyOf(network), value);
    if (!isNew) return;
    const before = this.#lengths.get(length) ?? 0;
    this.#lengths.set(length, before + 1);
    if (before === 0) this.#writeRoot();
  }

  #removePrefix(network: Network): boolean {
    const before = this.#lengths.get(network.length);
    if (before === undefined || !this.#memory.prefixes.delete(keyOf(network))) return false;
    this.#lengths.set(network.length, before - 1);
    if (before > 1) return true;
    this.#lengths.delete(network.length);
    this.#writeRoot();
    return true;
  }

  *#inUse(): Generator<{ line: number; entry: number }> {
    const { lines } = this.#memory;
    for (let line = 0; line <= this.#mask; line++) {
      for (let entry = 0; entry < ENTRIES; entry++) if (lines[line * BanLine.size + BanLine.length.at + entry] !== 0) yield { line, entry };
    }
  }

  #writeRoot(): void {
    let lengths = 0n;
    for (const length of this.#lengths.keys()) lengths |= 1n << BigInt(length - 1);
    this.#root.setBigUint64(BanRoot.lengths.at, lengths & 0xffff_ffff_ffff_ffffn, true);
    this.#root.setBigUint64(BanRoot.lengths.at + BanRoot.lengths.stride, lengths >> 64n, true);
    this.#memory.setFlags((this.#inLines > 0 ? BanFlag.ADDRESSES : 0) | (lengths === 0n ? 0 : BanFlag.PREFIXES));
  }
}

function isInLine({ family, length }: Network): boolean {
  return family === 4 && length >= SHORTEST_IN_LINE;
}

function asIPv4({ address, length }: Network): { address: number; length: number } {
  return { address: new DataView(address.buffer, address.byteOffset).getUint32(12), length: length - 96 };
}

/** Bans of one /24 begin in one line. */
function homeOf(address: number): number {
  return Math.imul(address >>> 8, 0x9e3779b1) >>> 4;
}

function keyOf({ address, length }: Network): Uint8Array {
  const key = new Uint8Array(BanKey.size);
  const view = new DataView(key.buffer);
  const bytes = new DataView(address.buffer, address.byteOffset);
  view.setBigUint64(BanKey.address.at, bytes.getBigUint64(0), true);
  view.setBigUint64(BanKey.address.at + BanKey.address.stride, bytes.getBigUint64(8), true);
  view.setUint32(BanKey.length, length, true);
  return key;
}

function networkOf(key: Uint8Array): Network {
  const from = new DataView(key.buffer, key.byteOffset);
  const address = new Uint8Array(16);
  const to = new DataView(address.buffer);
  to.setBigUint64(0, from.getBigUint64(BanKey.address.at, true));
  to.setBigUint64(8, from.getBigUint64(BanKey.address.at + BanKey.address.stride, true));
  return { family: isMapped(address) ? 4 : 6, address, length: from.getUint32(BanKey.length, true) };
}
