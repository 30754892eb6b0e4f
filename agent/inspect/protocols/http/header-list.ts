/** The headers of a message of HTTP/2, and what they say of a request or of its answer: RFC 9113, section 8. */

import type { Http } from "../../transaction.ts";
import { NotDecided } from "../../undecided.ts";
import { Fields, MOST_BLOCK, TOKEN } from "./fields.ts";
import { bodyOf } from "./message.ts";
import { addHost, addTarget } from "./target.ts";

const VALUE = /^(?:[^\0-\x20\x7f](?:[^\0-\x08\x0a-\x1f\x7f]*[^\0-\x20\x7f])?)?$/;
const OF_REQUESTS = [":method", ":scheme", ":authority", ":path", ":protocol"];
/** They belong to a connection of HTTP/1. */
const MISPLACED = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

export class HeaderList {
  readonly fields = new Fields();
  /** Headers whose names begin with a colon. */
  readonly #pseudo = new Map<string, string>();
  #size = 0;
  #hasFields = false;

  add(name: string, value: string): void {
    this.#size += name.length + value.length;
    if (this.#size > MOST_BLOCK) throw new NotDecided("too_long");
    if (!VALUE.test(value)) throw new NotDecided("malformed");
    if (name.startsWith(":")) return this.#addPseudo(name, value);
    if (!TOKEN.test(name) || name !== name.toLowerCase() || MISPLACED.includes(name)) throw new NotDecided("malformed");
    this.#hasFields = true;
    this.fields.add(name, value);
  }

  /** Notes what has been read of a request, and then checks it. */
  describe(http: Http): void {
    const [method, path] = [this.#pseudo.get(":method"), this.#pseudo.get(":path")];
    if (method !== undefined) http.method = method;
    if (path !== undefined) http.path = path;
    http.version = "2";
    http.headers = this.fields.toRecord();
  }

  /** Returns the protocol that an extended CONNECT asks for. */
  checkRequest(http: Http): string | undefined {
    const value = (name: string): string | undefined => this.#pseudo.get(name);
    const [method, path, authority, protocol] = [value(":method"), value(":path"), value(":authority"), value(":protocol")];
    const isTunnel = method === "CONNECT" && protocol === undefined;
    const target = isTunnel ? authority : path;
    if (method === undefined || target === undefined || isTunnel === (value(":scheme") !== undefined)) throw new NotDecided("malformed");
    if (isTunnel ? path !== undefined : !/^[/*]/.test(target)) throw new NotDecided("malformed");
    if (protocol !== undefined && method !== "CONNECT") throw new NotDecided("malformed");
    if (target.includes(" ") || target.includes("\t")) throw new NotDecided("ambiguous");
    // The target of an extended CONNECT is that of a GET.
    addTarget(http, protocol === undefined ? method : "GET", target);
    http.method = method;
    addHost(http, this.fields, authority);
    bodyOf(this.fields, "2");
    this.#refuse((name) => !OF_REQUESTS.includes(name));
    return protocol;
  }

  statusOf(): number {
    const status = this.#pseudo.get(":status");
    if (status === undefined || !/^[1-9]\d\d$/.test(status) || status === "101") throw new NotDecided("malformed");
    this.#refuse((name) => name !== ":status");
    return Number(status);
  }

  checkTrailers(): void {
    this.#refuse(() => true);
  }

  #addPseudo(name: string, value: string): void {
    if (this.#hasFields) throw new NotDecided("malformed");
    if (this.#pseudo.has(name)) throw new NotDecided("ambiguous");
    this.#pseudo.set(name, value);
  }

  #refuse(isWrong: (name: string) => boolean): void {
    if ([...this.#pseudo.keys()].some(isWrong)) throw new NotDecided("malformed");
  }
}
