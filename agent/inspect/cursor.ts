/** Reads bytes one behind the other. What is read has to be there, else nothing is decided. */

import { NotDecided } from "./undecided.ts";

/** Returns the same bytes as a buffer. They are not copied. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

export class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bufferOf(bytes);
  }

  /** The place of the byte that is read next. */
  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(count: number): Buffer {
    if (count > this.left) throw new NotDecided("malformed");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** Reads a number of so many bytes, the highest first. */
  number(size: 1 | 2 | 3 | 4): number {
    return this.take(size).readUIntBE(0, size);
  }

  /** Reads bytes behind a number that says how many they are. */
  vector(size: 1 | 2 | 3 | 4): Buffer {
    return this.take(this.number(size));
  }

  /** Everything has to be read. */
  done(): void {
    if (this.left > 0) throw new NotDecided("malformed");
  }
}
