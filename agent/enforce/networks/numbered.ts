/** Networks with a number each, in typed arrays. A million of them take some 40 MB and no object. */

import { isMapped, maskTo, type Network } from "../../values/address.ts";

const ADDRESS_WORDS = 4;
const LENGTH = 4;
const NUMBER = 5;
const WORDS = 6;
const LEAST = 64;
const LENGTHS = 129;

/** A table as arrays, which one thread can send to another. */
export interface NumberedParts {
  rows: Uint32Array;
  index: Uint32Array;
  size: number;
}

/** Rows are dense, in the order in which they were added. If a row is removed, the last row moves to its place. */
export class NumberedNetworks {
  #rows: Uint32Array = new Uint32Array(LEAST * WORDS);
  /** A hash table of row + 1; 0 is free. At most half of it is used. */
  #index: Uint32Array = new Uint32Array(LEAST * 2);
  #size = 0;
  readonly #perLength = new Uint32Array(LENGTHS);
  readonly #key = new Uint32Array(WORDS);

  static of({ rows, index, size }: NumberedParts): NumberedNetworks {
    const made = new NumberedNetworks();
    [made.#rows, made.#index, made.#size] = [rows, index, size];
    for (let row = 0; row < size; row++) made.#perLength[rows[row * WORDS + LENGTH]!]!++;
    return made;
  }

  get parts(): NumberedParts {
    return { rows: this.#rows, index: this.#index, size: this.#size };
  }

  get size(): number {
    return this.#size;
  }

  get(network: Network): number | undefined {
    const at = this.#index[this.#placeOf(network)]!;
    return at === 0 ? undefined : this.#rows[(at - 1) * WORDS + NUMBER];
  }

  /** Sets the number of a network. Returns whether the network is new. */
  set(network: Network, number: number): boolean {
    const place = this.#placeOf(network);
    const known = this.#index[place]!;
    if (known !== 0) {
      this.#rows[(known - 1) * WORDS + NUMBER] = number;
      return false;
    }
    if ((this.#size + 1) * WORDS > this.#rows.length) {
      this.#grow();
      this.#append(this.#placeOf(network), number);
    } else this.#append(place, number);
    this.#perLength[network.length]!++;
    return true;
  }

  delete(network: Network): boolean {
    const place = this.#placeOf(network);
    const row = this.#index[place]! - 1;
    if (row < 0) return false;
    this.#close(place);
    const last = --this.#size;
    if (row !== last) {
      const place = this.#find(this.#rows.subarray(last * WORDS, last * WORDS + NUMBER));
      this.#rows.copyWithin(row * WORDS, last * WORDS, (last + 1) * WORDS);
      this.#index[place] = row + 1;
    }
    this.#perLength[network.length]!--;
    return true;
  }

  clear(): void {
    this.#rows = new Uint32Array(LEAST * WORDS);
    this.#index = new Uint32Array(LEAST * 2);
    this.#size = 0;
    this.#perLength.fill(0);
  }

  numberAt(row: number): number {
    return this.#rows[row * WORDS + NUMBER]!;
  }

  networkAt(row: number): Network {
    const address = new Uint8Array(16);
    const view = new DataView(address.buffer);
    for (let word = 0; word < ADDRESS_WORDS; word++) view.setUint32(word * 4, this.#rows[row * WORDS + word]!);
    return { family: isMapped(address) ? 4 : 6, address, length: this.#rows[row * WORDS + LENGTH]! };
  }

  *networks(): Generator<Network> {
    for (let row = 0; row < this.#size; row++) yield this.networkAt(row);
  }

  /** Returns the networks that cover all of a network, itself included, the longest prefix first. */
  covering(network: Network): Network[] {
    const found: Network[] = [];
    for (const length of this.lengths()) {
      if (length > network.length) continue;
      const address = maskTo(network.address, length);
      const wider: Network = { family: isMapped(address) ? 4 : 6, address, length };
      if (wider.family === network.family && this.get(wider) !== undefined) found.push(wider);
    }
    return found;
  }

  /** Returns the prefix lengths that occur, in 128 bits, the longest first. */
  lengths(): number[] {
    const found: number[] = [];
    for (let length = LENGTHS - 1; length >= 0; length--) if (this.#perLength[length] !== 0) found.push(length);
    return found;
  }

  #placeOf({ address, length }: Network): number {
    const key = this.#key;
    for (let word = 0; word < ADDRESS_WORDS; word++) {
      const at = word * 4;
      key[word] = (address[at]! << 24) | (address[at + 1]! << 16) | (address[at + 2]! << 8) | address[at + 3]!;
    }
    key[LENGTH] = length;
    return this.#find(key);
  }

  /** Returns the network's place in the index, or the place that it would get. */
  #find(key: Uint32Array): number {
    const mask = this.#index.length - 1;
    let place = hashOf(key, 0) & mask;
    for (; this.#index[place] !== 0; place = (place + 1) & mask) {
      const at = (this.#index[place]! - 1) * WORDS;
      let word = 0;
      while (word < NUMBER && this.#rows[at + word] === key[word]) word++;
      if (word === NUMBER) break;
    }
    return place;
  }

  #append(place: number, number: number): void {
    this.#rows.set(this.#key, this.#size * WORDS);
    this.#rows[this.#size * WORDS + NUMBER] = number;
    this.#index[place] = ++this.#size;
  }

  /** Frees a place of the index, and moves up the entries behind it that stand there only because it was taken. */
  #close(place: number): void {
    const mask = this.#index.length - 1;
    let hole = place;
    for (let next = (place + 1) & mask; this.#index[next] !== 0; next = (next + 1) & mask) {
      const home = hashOf(this.#rows, (this.#index[next]! - 1) * WORDS) & mask;
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      this.#index[hole] = this.#index[next]!;
      hole = next;
    }
    this.#index[hole] = 0;
  }

  #grow(): void {
    const rows = new Uint32Array(this.#rows.length * 2);
    rows.set(this.#rows);
    this.#rows = rows;
    this.#index = new Uint32Array((rows.length / WORDS) * 2);
    const mask = this.#index.length - 1;
    for (let row = 0; row < this.#size; row++) {
      let place = hashOf(rows, row * WORDS) & mask;
      while (this.#index[place] !== 0) place = (place + 1) & mask;
      this.#index[place] = row + 1;
    }
  }
}

function hashOf(words: Uint32Array, at: number): number {
  let hash = 0;
  for (let word = 0; word < NUMBER; word++) {
    hash = Math.imul(hash ^ words[at + word]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
