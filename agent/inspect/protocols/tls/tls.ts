/**
 * Reads the part of a TLS connection that is not encrypted: the hellos, and up to TLS 1.2 the server's certificate. A connection is one
 * transaction.
 */

import { Cursor } from "../../cursor.ts";
import { ALL, beginsWith, type Listener, type Parser, type Side, type StreamProtocol } from "../../parser.ts";
import { Single } from "../../single.ts";
import type { Tls } from "../../transaction.ts";
import { NotDecided, type Undecided } from "../../undecided.ts";
import { readCertificate } from "./certificate.ts";
import { cipherName } from "./ciphers.ts";
import { ALPN, ja3, ja4 } from "./fingerprints.ts";
import { nameOfProtocol, readAlpn, readExtensions, readHello, SUPPORTED_VERSIONS, VERSIONS } from "./hello.ts";
import { HANDSHAKE, type Message, Records } from "./records.ts";
import { read } from "./vectors.ts";

const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const CERTIFICATE = 11;
const SERVER_HELLO_DONE = 14;
const TLS_1_3 = "1.3";
/** The random number of a ServerHello that asks for another ClientHello (RFC 8446, 4.1.3). */
const RETRY = Buffer.from("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c", "hex");

/** A record of the handshake, of SSL 3.0 or later. */
const BEGIN = Uint8Array.of(HANDSHAKE, 3);

export const TLS: StreamProtocol = {
  recognise(side, first) {
    if (side === "server") return false;
    if (beginsWith(first, BEGIN) === false) return false;
    if (first.length > 2 && first[2]! > 4) return false;
    return first.length > 5 ? first[5] === CLIENT_HELLO : undefined;
  },
  open: (listener) => new TlsParser(listener),
};

/** Behind its hello, only another hello of a client matters: its certificate and its key do not, and the rest is encrypted. */
function isOtherMessage(record: Uint8Array): boolean {
  return record[0] === HANDSHAKE && record.length > 5 && record[5] !== CLIENT_HELLO;
}

class TlsParser implements Parser {
  readonly #one: Single;
  readonly #records: Record<Side, Records> = { client: new Records(), server: new Records() };
  #tls: Tls | undefined;

  constructor(listener: Listener) {
    this.#one = new Single({ protocol: "tls" }, listener);
  }

  read(side: Side, unread: Uint8Array): number {
    if (this.#one.isOver) return ALL;
    if (side === "server" && this.#tls === undefined) return 0; // the client speaks first
    if (side === "client" && this.#tls !== undefined && this.#records.client.isEmpty && isOtherMessage(unread)) return ALL;
    const record = this.#records[side].read(unread);
    if (record === undefined) return 0;
    for (const message of record.messages) {
      if (side === "client") this.#clientSays(message);
      else this.#serverSays(message);
      if (this.#one.isOver) return ALL;
    }
    if (record.over === undefined) return record.length;
    if (this.#tls === undefined) throw new NotDecided("malformed");
    // A client of TLS 1.3 may send ChangeCipherSpec before the server has said anything (RFC 8446, D.4).
    if (record.over === "encrypted" && side === "client") return record.length;
    // A server asks for another hello, and then sends ChangeCipherSpec; with a version it resumes a session.
    if (record.over === "encrypted" && this.#tls.version === undefined) return record.length;
    this.#one.end();
    return ALL;
  }

  end(side: Side): void {
    if (side === "server") this.close();
  }

  close(undecided?: Undecided): void {
    if (this.#tls === undefined && undecided === undefined) this.#one.leave();
    else this.#one.end(undecided);
  }

  #clientSays({ type, body }: Message): void {
    if (type !== CLIENT_HELLO) throw new NotDecided("malformed");
    const { said, facts } = readHello(body);
    if (this.#tls !== undefined) {
      if (this.#tls.server_name !== said.server_name) throw new NotDecided("ambiguous");
      return;
    }
    this.#tls = this.#one.transaction.tls = { ...said, ja3: ja3(facts), ja4: ja4(facts, "t") };
    this.#one.asked();
  }

  #serverSays({ type, body }: Message): void {
    const tls = this.#tls!;
    if (type === SERVER_HELLO) this.#choose(tls, body);
    else if (tls.version === undefined) throw new NotDecided("malformed");
    else if (type === CERTIFICATE) this.#show(tls, body);
    else if (type === SERVER_HELLO_DONE) this.#one.end();
  }

  #choose(tls: Tls, body: Buffer): void {
    if (tls.version !== undefined) throw new NotDecided("malformed");
    const cursor = new Cursor(body);
    const legacy = cursor.number(2);
    const asksAgain = cursor.take(RETRY.length).equals(RETRY);
    cursor.vector(1);
    const suite = cursor.number(2);
    cursor.number(1);
    const extensions = readExtensions(cursor);
    cursor.done();
    if (asksAgain) return;
    const version = VERSIONS[read(extensions.get(SUPPORTED_VERSIONS), legacy, (chosen) => chosen.number(2))];
    if (version === undefined) throw new NotDecided("unknown_version");
    tls.version = version;
    tls.cipher = cipherName(suite);
    const alpn = read(extensions.get(ALPN), undefined, readAlpn);
    if (alpn !== undefined) tls.alpn = alpn.map(nameOfProtocol);
    else if (version !== TLS_1_3) delete tls.alpn;
    if (version === TLS_1_3) this.#one.end();
  }

  #show(tls: Tls, body: Buffer): void {
    const chain = new Cursor(body).vector(3);
    if (chain.length > 0) tls.certificate = readCertificate(new Cursor(chain).vector(3));
    this.#one.end();
  }
}
