/**
 * Reads the hello of a QUIC client. It is encrypted with keys that everybody can derive, and may lie in many packets, in any order. A
 * connection is one transaction.
 */

import { bufferOf, Cursor } from "../../cursor.ts";
import type { DatagramProtocol, Listener, Parser, Side } from "../../parser.ts";
import { Reassembly } from "../../reassembly.ts";
import { Single } from "../../single.ts";
import { NotDecided, type Undecided } from "../../undecided.ts";
import { ja4 } from "../tls/fingerprints.ts";
import { readHello } from "../tls/hello.ts";
import { clientKeys, decrypt, type Keys, type Version, VERSIONS } from "./keys.ts";
import { cryptoOf, isLong, readLongHeader, variable } from "./packets.ts";

/** A datagram with a client's first packet is at least so long (RFC 9000, 14.1). */
const SMALLEST_FIRST = 1200;
const SMALLEST_CONNECTION_ID = 8;
const CLIENT_HELLO = 1;
const MESSAGE_HEADER = 4;
const LONGEST_HELLO = 64 * 1024;
const RETRY_TAG = 16;
/** A hello may be spread over so many packets. Each costs a decryption. */
const MOST_PACKETS = 64;

export const QUIC: DatagramProtocol = {
  recognise(_side, datagram) {
    if (datagram.length < SMALLEST_FIRST || !isLong(datagram)) return false;
    try {
      const { version, destination, type } = readLongHeader(new Cursor(datagram));
      const known = VERSIONS.get(version);
      if (destination.length < SMALLEST_CONNECTION_ID) return false;
      return known === undefined ? isReserved(version) || version >>> 8 === 0xff0000 : type === known.initial;
    } catch (error) {
      if (!(error instanceof NotDecided)) throw error;
      return false;
    }
  },
  open: (listener) => new QuicParser(listener),
};

/** Is it one of the numbers that clients use to see whether servers negotiate? */
function isReserved(version: number): boolean {
  return (version & 0x0f0f0f0f) >>> 0 === 0x0a0a0a0a;
}

class QuicParser implements Parser {
  /** The bytes of CRYPTO frames. Frames that overlap have to say the same. */
  readonly #crypto = new Reassembly(0);
  readonly #one: Single;
  #version: Version | undefined;
  #keys: Keys | undefined;
  #packets = 0;

  constructor(listener: Listener) {
    this.#one = new Single({ protocol: "quic" }, listener);
  }

  read(side: Side, datagram: Uint8Array): number {
    const bytes = bufferOf(datagram);
    let at = 0;
    // A datagram may hold several packets. One with a short header goes up to its end.
    while (!this.#one.isOver && at < bytes.length && isLong(bytes.subarray(at))) at += this.#readPacket(side, bytes.subarray(at));
    return datagram.length;
  }

  end(): void {}

  close(undecided?: Undecided): void {
    this.#one.end(undecided);
  }

  /** Returns the length of the packet. */
  #readPacket(side: Side, rest: Buffer): number {
    const cursor = new Cursor(rest);
    const { type, version, destination, source } = readLongHeader(cursor);
    const known = VERSIONS.get(version);
    if (known === undefined) {
      if (side === "server") return rest.length; // it negotiates the version
      throw new NotDecided("unknown_version");
    }
    if (type === known.retry) {
      // The client begins anew, with the identifier that the server has chosen.
      if (side === "server" && cursor.left > RETRY_TAG) this.#keys = clientKeys(known, source);
      return rest.length;
    }
    if (type === known.initial) cursor.take(variable(cursor)); // the token
    const length = variable(cursor);
    const start = cursor.at;
    cursor.take(length);
    if (type === known.initial && side === "client") this.#readInitial(known, destination, rest.subarray(0, cursor.at), start);
    return cursor.at;
  }

  #readInitial(version: Version, destination: Buffer, packet: Buffer, numberAt: number): void {
    if (++this.#packets > MOST_PACKETS) throw new NotDecided("too_many");
    if (this.#version !== version) this.#keys = clientKeys(version, destination);
    this.#version = version;
    this.#one.transaction.quic = { version: version.name };
    for (const { offset, bytes } of cryptoOf(decrypt(this.#keys!, packet, numberAt))) {
      if (offset + bytes.length > LONGEST_HELLO) throw new NotDecided("too_long");
      this.#crypto.take(offset, bytes, false);
    }
    this.#readHello(version, Buffer.from(this.#crypto.unread));
  }

  #readHello(version: Version, message: Buffer): void {
    if (message.length < MESSAGE_HEADER) return;
    if (message[0] !== CLIENT_HELLO) throw new NotDecided("malformed");
    const end = MESSAGE_HEADER + message.readUIntBE(1, 3);
    if (end > LONGEST_HELLO) throw new NotDecided("too_long");
    if (message.length < end) return;
    const { facts, said } = readHello(message.subarray(MESSAGE_HEADER, end));
    const { offered_version: _, ...names } = said;
    this.#one.transaction.quic = { version: version.name, ...names, ja4: ja4(facts, "q") };
    this.#one.asked();
    this.#one.end();
  }
}
