/**
 * IPv4 addresses and prefixes from /24 on, in lines (struct network_line). An entry becomes valid with its last byte, so packets
 * see it whole or not at all. Nothing is kept beside the lines: an entry is found in the same way as the kernel finds it.
 */

import { Hash, Limit, Member, NetworkLine } from "../../generated/layout.ts";

const ENTRIES = NetworkLine.length.count;
const LINE_WORDS = NetworkLine.size / 4;

export interface LineEntry {
  address: number;
  length: number;
  /** Bits of enum weir_member. */
  member: number;
  /** The second of the boot clock at which it ends, 0 for ever. */
  until: number;
}

interface Place {
  line: number;
  entry: number;
}

export class NetworkLines {
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #mask: number;
  #size = 0;

  /** Takes over the content of the lines. `bytes` holds all lines; their number is a power of two. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    this.#mask = bytes.byteLength / NetworkLine.size - 1;
    for (const _ of this.#inUse()) this.#size++;
  }

  /** The number of entries. */
  get size(): number {
    return this.#size;
  }

  *entries(): Generator<LineEntry> {
    for (const { line, entry } of this.#inUse()) {
      yield {
        address: this.#words[addressAt(line, entry)]!,
        length: this.#bytes[lengthAt(line, entry)]!,
        member: this.#bytes[memberAt(line, entry)]!,
        until: this.#words[untilAt(line, entry)]!,
      };
    }
  }

  clear(): void {
    this.#bytes.fill(0);
    this.#size = 0;
  }

  /** Gives an existing entry of a set a new end. Returns false if there is none. */
  renew({ address, length, member, until }: LineEntry): boolean {
    const known = this.#find(address, length, member & Member.SET);
    if (known === undefined) return false;
    this.#words[untilAt(known.line, known.entry)] = until;
    this.#bytes[memberAt(known.line, known.entry)] = member;
    return true;
  }

  /** Adds an entry that does not exist yet. Returns false if the lines that could hold it are full. */
  add({ address, length, member, until }: LineEntry): boolean {
    const free = this.#free(address);
    if (free === undefined) return false;
    const { line, entry } = free;
    this.#words[addressAt(line, entry)] = address;
    this.#words[untilAt(line, entry)] = until;
    this.#bytes[memberAt(line, entry)] = member;
    this.#bytes[lengthAt(line, entry)] = length; // this byte is written last, because it makes the rest count
    this.#size++;
    return true;
  }

  /** Returns false if there was no such entry. */
  take(address: number, length: number, set: number): boolean {
    const known = this.#find(address, length, set);
    if (known === undefined) return false;
    this.#bytes[lengthAt(known.line, known.entry)] = 0;
    this.#size--;
    return true;
  }

  #find(address: number, length: number, set: number): Place | undefined {
    const bytes = this.#bytes;
    for (let step = 0; step < Limit.NETWORK_LINES_PROBED; step++) {
      const line = (homeOf(address) + step) & this.#mask;
      for (let entry = 0; entry < ENTRIES; entry++) {
        if (bytes[lengthAt(line, entry)] !== length || this.#words[addressAt(line, entry)] !== address) continue;
        if ((bytes[memberAt(line, entry)]! & Member.SET) === set) return { line, entry };
      }
      if (bytes[line * NetworkLine.size + NetworkLine.is_full] === 0) return undefined;
    }
    return undefined;
  }

  /** Finds a free entry. All lines before it are marked as full before the entry is written. */
  #free(address: number): Place | undefined {
    const bytes = this.#bytes;
    const full: number[] = [];
    for (let step = 0; step < Limit.NETWORK_LINES_PROBED; step++) {
      const line = (homeOf(address) + step) & this.#mask;
      for (let entry = 0; entry < ENTRIES; entry++) {
        if (bytes[lengthAt(line, entry)] !== 0) continue;
        for (const before of full) bytes[before * NetworkLine.size + NetworkLine.is_full] = 1;
        return { line, entry };
      }
      full.push(line);
    }
    return undefined;
  }

  *#inUse(): Generator<Place> {
    for (let line = 0; line <= this.#mask; line++) {
      for (let entry = 0; entry < ENTRIES; entry++) if (this.#bytes[lengthAt(line, entry)] !== 0) yield { line, entry };
    }
  }
}

/** Returns the line where the addresses of one /24 begin. */
function homeOf(address: number): number {
  return Math.imul(address >>> 8, Hash.SCATTER) >>> Hash.LINE_SHIFT;
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
