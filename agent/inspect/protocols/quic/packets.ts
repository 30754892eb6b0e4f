/** The long headers of QUIC (RFC 9000, 17.2), and the frames of Initial packets. */

import { Cursor } from "../../cursor.ts";
import { NotDecided } from "../../undecided.ts";

const LONG_HEADER = 0x80;
const LONGEST_CONNECTION_ID = 20;

/** Reads a number of one, two, four or eight bytes, whose first two bits say how many. */
export function variable(cursor: Cursor): number {
  const first = cursor.number(1);
  const rest = cursor.take((1 << (first >> 6)) - 1);
  return rest.reduce((value, byte) => value * 256 + byte, first & 0x3f);
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

export function readLongHeader(cursor: Cursor): LongHeader {
  const first = cursor.number(1);
  const version = cursor.number(4);
  const connectionId = (): Buffer => {
    const length = cursor.number(1);
    if (length > LONGEST_CONNECTION_ID) throw new NotDecided("malformed");
    return cursor.take(length);
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
  const cursor = new Cursor(payload);
  while (cursor.left > 0) {
    const type = variable(cursor);
    switch (type) {
      case PADDING:
      case PING:
        break;
      case ACK:
      case ACK_WITH_ECN: {
        variable(cursor);
        variable(cursor);
        const ranges = variable(cursor);
        variable(cursor);
        if (ranges > cursor.left) throw new NotDecided("malformed");
        for (let count = 2 * ranges + (type === ACK_WITH_ECN ? 3 : 0); count > 0; count--) variable(cursor);
        break;
      }
      case CRYPTO: {
        const offset = variable(cursor);
        yield { offset, bytes: cursor.take(variable(cursor)) };
        break;
      }
      case CLOSE:
        variable(cursor);
        variable(cursor);
        cursor.take(variable(cursor));
        break;
      default:
        throw new NotDecided("malformed");
    }
  }
}
