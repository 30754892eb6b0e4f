/** The long headers of QUIC (RFC 9000, 17.2), and the frames of Initial packets. */

import { NotDecided } from "../../undecided.ts";

const LONG_HEADER = 0x80;
const LONGEST_CONNECTION_ID = 20;

export class Reader {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  take(count: number): Buffer {
    if (count > this.left) throw new NotDecided("malformed");
    this.at += count;
    return this.#bytes.subarray(this.at - count, this.at);
  }

  byte(): number {
    return this.take(1)[0]!;
  }

  /** A number of one, two, four or eight bytes. */
  number(): number {
    const size = 1 << (this.take(1)[0]! >> 6);
    this.at--;
    const bytes = Buffer.from(this.take(size));
    bytes[0]! &= 0x3f;
    return size === 8 ? bytes.readUInt32BE() * 2 ** 32 + bytes.readUInt32BE(4) : bytes.readUIntBE(0, size);
  }
}

export interface LongHeader {
  type: number;
  version: number;
  destination: Buffer;
  source: Buffer;
}

export function isLong(bytes: Uint8Array): boolean {
  return (bytes[0]! & LONG_HEADER) !== 0;
}

export function readLongHeader(reader: Reader): LongHeader {
  const first = reader.byte();
  const version = reader.take(4).readUInt32BE();
  const connectionId = (): Buffer => {
    const length = reader.byte();
    if (length > LONGEST_CONNECTION_ID) throw new NotDecided("malformed");
    return reader.take(length);
  };
  return { type: (first >> 4) & 3, version, destination: connectionId(), source: connectionId() };
}

const PADDING = 0;
const PING = 1;
const ACK = 2;
const ACK_WITH_ECN = 3;
const CRYPTO = 6;
const CLOSE = 0x1c;

/** Returns the parts of the handshake that the frames of an Initial packet hold. */
export function* cryptoOf(payload: Buffer): Generator<{ offset: number; bytes: Buffer }> {
  const reader = new Reader(payload);
  while (reader.left > 0) {
    const type = reader.number();
    switch (type) {
      case PADDING:
      case PING:
        break;
      case ACK:
      case ACK_WITH_ECN: {
        reader.number();
        reader.number();
        const ranges = reader.number();
        reader.number();
        if (ranges > reader.left) throw new NotDecided("malformed");
        for (let count = 2 * ranges + (type === ACK_WITH_ECN ? 3 : 0); count > 0; count--) reader.number();
        break;
      }
      case CRYPTO: {
        const offset = reader.number();
        yield { offset, bytes: reader.take(reader.number()) };
        break;
      }
      case CLOSE:
        reader.number();
        reader.number();
        reader.take(reader.number());
        break;
      default:
        throw new NotDecided("malformed");
    }
  }
}
