/** The tables in which the kernel looks up addresses and prefixes of sets (probes/decide/networks.h). Only this process writes them. */

import { setImmediate as breathe } from "node:timers/promises";

import { formatNetwork, isMapped, type Network } from "../../values/address.ts";
import { Limit, Member as MemberBits, NetworkKey, NetworkRoot, NetworkSets } from "../../generated/layout.ts";
import { type LineEntry, NetworkLines } from "./lines.ts";

/** This many entries are moved before other work gets its turn, which takes some milliseconds. */
const SLICE = 10_000;
/** Shorter IPv4 prefixes, all IPv6 prefixes, and entries that find no room in their lines are in the table of prefixes. */
const SHORTEST_IN_LINE = 96 + 24;
const MAPPED_BITS = 96;
/** The lower half of 128 bits, which holds the lengths of IPv4 prefixes. */
const HALF = 64;
const ONES = 0xffff_ffff_ffff_ffffn;

/** The copies of the rules in which a membership is valid. */
export const BOTH_COPIES = MemberBits.IN_COPY_0 | MemberBits.IN_COPY_1;

export function onlyInCopy(copy: number): number {
  return MemberBits.IN_COPY_0 << copy;
}

export interface NetworkMemory {
  /** All lines as memory that the kernel reads; their number is a power of two. */
  lines: Uint8Array;
  /** A struct network_root. */
  root: Uint8Array;
  prefixes: {
    get(key: Uint8Array): Uint8Array | undefined;
    /** Writes a prefix. Throws TableFull. */
    update(key: Uint8Array, value: Uint8Array): void;
    /** Returns false if there was no such prefix. */
    delete(key: Uint8Array): boolean;
    clear(): void;
    /** Yields all prefixes in the table. */
    entries(): Iterable<{ key: Uint8Array; value: Uint8Array }>;
  };
  /**
   * Makes more lines if there are too few for this many networks. `move` is called with the new lines, which no packet reads yet,
   * and must stop using the old ones. Without this function the number of lines is fixed.
   */
  grow?(networks: number, move: (lines: Uint8Array) => Promise<void>): Promise<void>;
}

export interface Membership {
  network: Network;
  set: number;
  /** The second of the boot clock at which it ends, 0 for ever. */
  until: number;
}

/** The table has no room for one more. The message gives the reason and the next step. */
export class TableFull extends Error {
  override name = "TableFull";
}

export class NetworkTable {
  readonly #memory: NetworkMemory;
  readonly #root: DataView;
  readonly #whenUsed: (inLines: boolean, asPrefixes: boolean) => void;
  #lines: NetworkLines;
  /** The number of prefixes of each length: for IPv6 the length in 128 bits, for IPv4 the same plus MAPPED. */
  readonly #lengths = new Map<number, number>();

  /** Takes over the entries that an earlier agent left in the tables. `whenUsed` is told which of the two tables hold anything. */
  constructor(memory: NetworkMemory, whenUsed: (inLines: boolean, asPrefixes: boolean) => void = () => {}) {
    this.#memory = memory;
    this.#lines = new NetworkLines(memory.lines);
    this.#root = new DataView(memory.root.buffer, memory.root.byteOffset);
    this.#whenUsed = whenUsed;
    for (const { key } of memory.prefixes.entries()) this.#countLength(networkOf(key), 1);
    this.#writeRoot();
  }

  /** Yields all memberships. */
  *members(): Generator<Membership> {
    for (const { address, length, member, until } of this.#lines.entries())
      yield { network: fromIPv4(address, length), set: member & MemberBits.SET, until };
    for (const { key, value } of this.#memory.prefixes.entries()) {
      const network = networkOf(key);
      for (const { set, until } of setsIn(value)) yield { network, set, until };
    }
  }

  /** Removes all at once. */
  clear(): void {
    this.#lengths.clear();
    this.#writeRoot(false); // the root is written before the lines, which take a moment
    this.#lines.clear();
    this.#memory.prefixes.clear();
  }

  /** Makes room for this many networks in total. Call it while nobody changes the table. */
  async makeRoom(networks: number): Promise<void> {
    await this.#memory.grow?.(networks, (lines) => this.#moveTo(new NetworkLines(lines)));
  }

  /**
   * Adds a network with a prefix of at least one bit. `until` is a second of the boot clock, or 0 for ever. A member that exists
   * gets the new end and the new copies. Throws TableFull.
   */
  put(network: Network, set: number, until: number, copies = BOTH_COPIES): void {
    const member = set | copies;
    const entry = isInLine(network) ? { ...asIPv4(network), member, until } : undefined;
    if (entry !== undefined && this.#lines.renew(entry)) return;
    const value = this.#prefix(network);
    if (entry !== undefined && (value === undefined || !isIn(value, set)) && this.#addToLine(entry)) return;
    this.#putPrefix(network, member, until, value);
  }

  /** Returns false if there was no such member. */
  take(network: Network, set: number): boolean {
    const wasInLine = isInLine(network) && this.#takeFromLine(network, set);
    return this.#takePrefix(network, set) || wasInLine; // it is in both tables if larger lines were only made half-way
  }

  async #moveTo(lines: NetworkLines): Promise<void> {
    let moved = 0;
    for (const entry of this.#lines.entries()) {
      // If other networks crowd its new lines, it is in both tables until packets read the new lines.
      if (!lines.add(entry))
        this.#putPrefix(
          fromIPv4(entry.address, entry.length),
          entry.member,
          entry.until,
          this.#prefix(fromIPv4(entry.address, entry.length)),
        );
      if (++moved % SLICE === 0) await breathe();
    }
    this.#lines = lines;
  }

  /** Returns false if the lines that could hold it are full. */
  #addToLine(entry: LineEntry): boolean {
    if (!this.#lines.add(entry)) return false;
    if (this.#lines.size === 1) this.#writeRoot();
    return true;
  }

  #takeFromLine(network: Network, set: number): boolean {
    const { address, length } = asIPv4(network);
    if (!this.#lines.take(address, length, set)) return false;
    if (this.#lines.size === 0) this.#writeRoot();
    return true;
  }

  #prefix(network: Network): Uint8Array | undefined {
    return this.#lengths.has(lengthKey(network)) ? this.#memory.prefixes.get(keyOf(network)) : undefined;
  }

  #putPrefix(network: Network, member: number, until: number, before: Uint8Array | undefined): void {
    if (before === undefined) this.#admitLength(network);
    const value = before?.slice() ?? new Uint8Array(NetworkSets.size);
    forget(value, member & MemberBits.SET);
    if (!write(value, member, until))
      throw new TableFull(
        `${formatNetwork(network)} is in ${NetworkSets.member.count} sets already that end it, and no more fit; leave it out of one of them, or let it be there for ever`,
      );
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
    throw new TableFull(
      `there are IPv6 prefixes of ${Limit.NETWORK_LENGTHS} different lengths already, and no more lengths fit; split ${formatNetwork(network)} into longer prefixes`,
    );
  }

  /** Adds to the number of prefixes of its length, and returns the sum. */
  #countLength(network: Network, more: number): number {
    const key = lengthKey(network);
    const count = (this.#lengths.get(key) ?? 0) + more;
    if (count === 0) this.#lengths.delete(key);
    else this.#lengths.set(key, count);
    return count;
  }

  #writeRoot(inLines = this.#lines.size > 0): void {
    let [ipv6, ipv4] = [0n, 0n];
    for (const key of this.#lengths.keys()) {
      if (key <= 128) ipv6 |= 1n << BigInt(key - 1);
      else ipv4 |= 1n << BigInt(key - MAPPED - HALF - 1);
    }
    this.#root.setBigUint64(NetworkRoot.lengths.at, ipv6 & ONES, true);
    this.#root.setBigUint64(NetworkRoot.lengths.at + NetworkRoot.lengths.stride, ipv6 >> 64n, true);
    this.#root.setBigUint64(NetworkRoot.ipv4_lengths, ipv4, true);
    this.#root.setUint32(NetworkRoot.in_lines, inLines ? 1 : 0, true);
    this.#whenUsed(inLines, this.#lengths.size > 0);
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

function fromIPv4(address: number, length: number): Network {
  const bytes = new Uint8Array(16);
  bytes.fill(0xff, 10, 12);
  new DataView(bytes.buffer).setUint32(12, address);
  return { family: 4, address: bytes, length: MAPPED_BITS + length };
}

/** Yields the sets in a struct network_sets. */
function* setsIn(value: Uint8Array): Generator<Omit<Membership, "network">> {
  const view = new DataView(value.buffer, value.byteOffset);
  const { at, stride, count } = NetworkSets.lasting;
  let lasting = 0n;
  for (let copy = 0; copy < count; copy++) lasting |= view.getBigUint64(at + copy * stride, true);
  for (let set = 0; lasting !== 0n; set++, lasting >>= 1n) if (lasting & 1n) yield { set, until: 0 };
  for (let place = 0; place < NetworkSets.member.count; place++) {
    const member = value[NetworkSets.member.at + place]!;
    if (member !== 0)
      yield { set: member & MemberBits.SET, until: view.getUint32(NetworkSets.until.at + place * NetworkSets.until.stride, true) };
  }
}

function isIn(value: Uint8Array, set: number): boolean {
  for (const one of setsIn(value)) if (one.set === set) return true;
  return false;
}

function forget(value: Uint8Array, set: number): void {
  const view = new DataView(value.buffer, value.byteOffset);
  const { at, stride, count } = NetworkSets.lasting;
  for (let copy = 0; copy < count; copy++)
    view.setBigUint64(at + copy * stride, view.getBigUint64(at + copy * stride, true) & ~(1n << BigInt(set)), true);
  for (let place = 0; place < NetworkSets.member.count; place++) {
    const member = NetworkSets.member.at + place;
    if (value[member] !== 0 && (value[member]! & MemberBits.SET) === set) value[member] = 0;
  }
}

/** Writes a new membership. Returns false if there is no room for one with an end. */
function write(value: Uint8Array, member: number, until: number): boolean {
  const view = new DataView(value.buffer, value.byteOffset);
  if (until === 0) {
    const { at, stride, count } = NetworkSets.lasting;
    const bit = 1n << BigInt(member & MemberBits.SET);
    for (let copy = 0; copy < count; copy++)
      if (member & onlyInCopy(copy)) view.setBigUint64(at + copy * stride, view.getBigUint64(at + copy * stride, true) | bit, true);
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
