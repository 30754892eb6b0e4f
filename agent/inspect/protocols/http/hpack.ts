/** Decodes the header blocks of one direction of an HTTP/2 connection: RFC 7541. */

import { NotDecided } from "../../undecided.ts";
import { decodeHuffman } from "./huffman.ts";
import { STATIC_TABLE } from "./static-table.ts";

type Header = readonly [name: string, value: string];

const USUAL_SIZE = 4096;
/** weir keeps no larger table, whatever the settings say. */
const MOST_SIZE = 64 * 1024;
const MOST_INTEGER = 2 ** 28;

const sizeOf = ([name, value]: Header): number => name.length + value.length + 32;

class Table {
  /** The newest is last. Those before `#first` are evicted. */
  #headers: Header[] = [];
  #first = 0;
  #size = 0;
  #most = USUAL_SIZE;

  get most(): number {
    return this.#most;
  }

  resize(most: number): void {
    this.#most = most;
    this.#evict();
  }

  get(index: number): Header {
    const place = this.#headers.length - (index - STATIC_TABLE.length);
    const found = index <= STATIC_TABLE.length ? STATIC_TABLE[index - 1] : place >= this.#first ? this.#headers[place] : undefined;
    if (found === undefined) throw new NotDecided("malformed");
    return found;
  }

  add(header: Header): void {
    this.#headers.push(header);
    this.#size += sizeOf(header);
    this.#evict();
  }

  #evict(): void {
    while (this.#size > this.#most) this.#size -= sizeOf(this.#headers[this.#first++]!);
    if (this.#first * 2 < this.#headers.length) return;
    this.#headers = this.#headers.slice(this.#first);
    this.#first = 0;
  }
}

class Block {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isEmpty(): boolean {
    return this.#at >= this.#bytes.length;
  }

  get next(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new NotDecided("malformed");
    return byte;
  }

  integer(bits: number): number {
    const most = 2 ** bits - 1;
    let value = this.next & most;
    this.#at++;
    if (value < most) return value;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.next;
      this.#at++;
      value += (byte & 0x7f) * factor;
      if (value > MOST_INTEGER || factor > MOST_INTEGER) throw new NotDecided("malformed");
      if (byte < 0x80) return value;
    }
  }

  string(): string {
    const isHuffman = this.next >= 0x80;
    const end = this.integer(7) + this.#at;
    if (end > this.#bytes.length) throw new NotDecided("malformed");
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return isHuffman ? decodeHuffman(bytes) : Buffer.from(bytes).toString("latin1");
  }
}

export class HpackDecoder {
  readonly #table = new Table();
  /** The largest table that the settings allow. */
  #limit = USUAL_SIZE;
  /** The next block must first shrink the table to this size, because the settings have become lower. */
  #shrink: number | undefined;

  /** The end that encodes agrees to this limit of the table. */
  setLimit(limit: number): void {
    this.#limit = limit;
    if (limit < this.#table.most) this.#shrink = Math.min(limit, this.#shrink ?? limit);
  }

  /** Gives the headers of a whole block one after the other. */
  decode(bytes: Uint8Array, add: (name: string, value: string) => void): void {
    const block = new Block(bytes);
    while (!block.isEmpty && block.next >> 5 === 1) this.#resize(block.integer(5));
    if (this.#shrink !== undefined) throw new NotDecided("malformed");
    while (!block.isEmpty) {
      const header = this.#next(block);
      add(...header);
    }
  }

  #resize(size: number): void {
    if (size > this.#limit) throw new NotDecided("malformed");
    if (size > MOST_SIZE) throw new NotDecided("too_long");
    if (this.#shrink !== undefined && size <= this.#shrink) this.#shrink = undefined;
    this.#table.resize(size);
  }

  #next(block: Block): Header {
    const first = block.next;
    if (first >= 0x80) return this.#table.get(block.integer(7));
    if (first >> 5 === 1) throw new NotDecided("malformed");
    const isAdded = first >= 0x40;
    const index = block.integer(isAdded ? 6 : 4);
    const name = index === 0 ? block.string() : this.#table.get(index)[0];
    const header: Header = [name, block.string()];
    if (isAdded) this.#table.add(header);
    return header;
  }
}
