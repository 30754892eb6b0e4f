/**
 * HTTP/1.0 and HTTP/1.1: RFC 9112. Answers belong to requests in their order. Behind a request that may switch the connection to another
 * protocol, what the client sends is read once the answer says which protocol it is.
 */

import { ALL, type Listener, type Parser, type Side, type StreamProtocol } from "../../parser.ts";
import type { Http, Transaction } from "../../transaction.ts";
import { NotDecided, type Undecided } from "../../undecided.ts";
import type { Fields } from "./fields.ts";
import { Http2 } from "./http2.ts";
import { type Body, bodyOf, Messages } from "./message.ts";
import { recogniseHttp1 } from "./recognise.ts";
import { addHost, addTarget } from "./target.ts";

interface Exchange {
  transaction: Transaction;
  http: Http;
  /** The protocols to which the client would switch. */
  upgrades: readonly string[];
}

const MOST_OPEN = 256;
const VERSION = /^HTTP\/(\d\.\d)$/;

function exchange(): Exchange {
  const http: Http = {};
  return { transaction: { protocol: "http", http }, http, upgrades: [] };
}

function versionOf(text: string): string {
  const version = VERSION.exec(text)?.[1];
  if (version === undefined) throw new NotDecided("malformed");
  if (version !== "1.0" && version !== "1.1") throw new NotDecided("unknown_version");
  return version;
}

export class Http1 implements Parser {
  readonly #listener: Listener;
  readonly #client = new Messages({ firstLine: (line) => this.#readRequestLine(line), block: (fields) => this.#readRequest(fields) });
  readonly #server = new Messages({ firstLine: (line) => this.#readStatusLine(line), block: (fields) => this.#readAnswer(fields) });
  /** Requests without an answer, the oldest first. */
  readonly #open: Exchange[] = [];
  /** The request whose header block is being read. */
  #request: Exchange | undefined;
  #authority: string | undefined;
  #answer = { version: "1.1", status: 0 };
  /** True while the client waits for the answer that says whether the protocol changes. */
  #waits = false;
  /** True if bytes of the client are not read for that reason. */
  #holds = false;
  #isSwitched = false;
  /** Reads what follows an upgrade to HTTP/2. */
  #http2: Http2 | undefined;
  /** The side that was read last. */
  #side: Side = "client";
  /** The request whose body the client sends. */
  #bodyOf: Exchange | undefined;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  read(side: Side, unread: Uint8Array): number {
    if (this.#isSwitched) return this.#http2?.read(side, unread) ?? ALL;
    this.#side = side;
    return side === "client" ? this.#readClient(unread) : this.#readServer(unread);
  }

  end(side: Side): void {
    this.#http2?.end(side);
    if (side === "client" && this.#client.isWithinBlock && !this.#isSwitched) throw new NotDecided("malformed");
  }

  close(undecided: Undecided | undefined = this.#holds ? "stream_gap" : undefined): void {
    if (this.#http2 !== undefined) return this.#http2.close(undecided);
    if (undecided !== undefined) this.#addUndecided(undecided);
    for (const { transaction } of this.#open) this.#listener.ended(transaction);
    this.#open.length = 0;
  }

  #addUndecided(undecided: Undecided): void {
    const { transaction, http } = this.#request ?? this.#partlyRead() ?? exchange();
    transaction.undecided = undecided;
    if (this.#request !== undefined) http.headers ??= this.#client.fields.toRecord();
    if (!this.#open.some((one) => one.transaction === transaction)) this.#listener.ended(transaction);
  }

  /** The open request whose body or whose answer is being read. */
  #partlyRead(): Exchange | undefined {
    if (this.#holds) return undefined;
    return this.#side === "server" || this.#client.isBetween ? this.#open[0] : this.#bodyOf;
  }

  #readClient(unread: Uint8Array): number {
    this.#holds = this.#waits && this.#client.isBetween;
    if (this.#holds) return 0;
    if (this.#client.isBetween) this.#request = exchange();
    const read = this.#client.read(unread);
    if (this.#client.isBetween) this.#request = undefined;
    return read;
  }

  #readServer(unread: Uint8Array): number {
    if (this.#open.length === 0 && this.#holds && this.#server.isBetween) return 0;
    return this.#server.read(unread);
  }

  #readRequestLine(line: string): void {
    const { http } = this.#request!;
    const [method, target, version, ...more] = line.split(" ");
    if (more.length > 0 || method === "" || target === "" || line.includes("\t")) throw new NotDecided("ambiguous");
    if (target === undefined) throw new NotDecided("malformed");
    this.#authority = addTarget(http, method!, target);
    // A request of HTTP/0.9 has no version.
    if (version === undefined) throw new NotDecided("unknown_version");
    http.version = versionOf(version);
  }

  #readRequest(fields: Fields): Body {
    const request = this.#request!;
    const { http, transaction } = request;
    http.headers = fields.toRecord();
    addHost(http, fields, this.#authority);
    const body = bodyOf(fields, http.version!) ?? 0;
    request.upgrades = fields.list("upgrade");
    const isConnect = http.method === "CONNECT";
    if (isConnect && body !== 0) throw new NotDecided("ambiguous");
    if (this.#open.length >= MOST_OPEN) throw new NotDecided("too_many");
    this.#waits = isConnect || request.upgrades.length > 0;
    this.#open.push(request);
    this.#bodyOf = request;
    this.#request = undefined;
    this.#listener.asked(transaction);
    return body;
  }

  #readStatusLine(line: string): void {
    const [, version, status] = /^(\S+) ([1-9]\d\d)(?: .*)?$/.exec(line) ?? [];
    if (version === undefined || status === undefined) throw new NotDecided("malformed");
    this.#answer = { version: versionOf(version), status: Number(status) };
  }

  #readAnswer(fields: Fields): Body {
    const { version, status } = this.#answer;
    if (status < 200 && status !== 101) return 0;
    const asked = this.#open[0];
    const { http, transaction, upgrades } = asked ?? exchange();
    http.version ??= version;
    http.status = status;
    if (status === 101) http.upgrade = this.#upgradeOf(fields, asked === undefined ? undefined : upgrades);
    const isSwitched = status === 101 || (http.method === "CONNECT" && status < 300);
    const isWithout = isSwitched || http.method === "HEAD" || status === 204 || status === 304;
    const body = isWithout ? 0 : (bodyOf(fields, version) ?? "rest");
    this.#isSwitched = isSwitched;
    if (isSwitched) this.#holds = false;
    this.#waits &&= this.#open.length > 1;
    this.#open.shift();
    if (this.#bodyOf === asked) this.#bodyOf = undefined;
    if (http.upgrade === "h2c" && asked !== undefined) this.#switchToHttp2(transaction);
    else this.#listener.ended(transaction);
    return body;
  }

  /** The settings of the client are in its request. The answer comes on the first stream. */
  #switchToHttp2(transaction: Transaction): void {
    const settings = Buffer.from(transaction.http?.headers?.["http2-settings"] ?? "", "base64url");
    this.#http2 = Http2.upgraded(this.#listener, transaction, settings);
  }

  /** The protocol to which a server switches. If the client has not asked for it, readers could differ in what comes next. */
  #upgradeOf(fields: Fields, wanted: readonly string[] | undefined): string {
    const [chosen, ...more] = fields.list("upgrade");
    if (chosen === undefined || more.length > 0) throw new NotDecided("ambiguous");
    if (wanted !== undefined && !(this.#waits && this.#open.length === 1 && wanted.includes(chosen))) throw new NotDecided("ambiguous");
    return chosen;
  }
}

export const HTTP1: StreamProtocol = {
  recognise: recogniseHttp1,
  open: (listener) => new Http1(listener),
};
