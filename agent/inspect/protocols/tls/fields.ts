/** Numbers and vectors as TLS writes them, one behind the other. */

import { NotDecided } from "../../undecided.ts";

/** What it reads has to be there, else nothing is decided. */
export class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get isDone(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(count: number): Buffer {
    if (this.#bytes.length - this.#at < count) throw new NotDecided("malformed");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  number(size: 1 | 2 | 3): number {
    return this.take(size).readUIntBE(0, size);
  }

  vector(size: 1 | 2 | 3): Buffer {
    return this.take(this.number(size));
  }

  numbers(lengthSize: 1 | 2, size: 1 | 2): number[] {
    const list = new Fields(this.vector(lengthSize));
    const numbers: number[] = [];
    while (!list.isDone) numbers.push(list.number(size));
    return numbers;
  }

  done(): void {
    if (!this.isDone) throw new NotDecided("malformed");
  }
}

/** Reads all of these bytes; `none` if there are none. */
export function read<Value>(bytes: Uint8Array | undefined, none: Value, how: (fields: Fields) => Value): Value {
  if (bytes === undefined) return none;
  const fields = new Fields(bytes);
  const value = how(fields);
  fields.done();
  return value;
}
