/**
 * HTTP/2 in clear: RFC 9113. Each stream is a request with its answer. Each side encodes its headers with a table of its own, so every
 * header block is decoded, also one of no concern; an error in one ends what can be read.
 */

import { type Listener, OTHER_SIDE, type Parser, type Side, type StreamProtocol } from "../../parser.ts";
import type { Http, Transaction } from "../../transaction.ts";
import { NotDecided, type Undecided } from "../../undecided.ts";
import {
  ACK,
  CONTINUATION,
  checkFrame,
  DATA,
  END_HEADERS,
  END_STREAM,
  type Frame,
  FRAME_HEADER,
  fragmentOf,
  frameHeader,
  HEADERS,
  MOST_ENCODED,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  tableSizeOf,
} from "./frames.ts";
import { HeaderList } from "./header-list.ts";
import { HpackDecoder } from "./hpack.ts";
import { PREFACE, recogniseHttp2 } from "./recognise.ts";

const MOST_OPEN = 256;

interface Exchange {
  transaction: Transaction;
  http: Http;
  isAnswered: boolean;
  /** The protocol that an extended CONNECT asks for. */
  protocol?: string | undefined;
  open: Set<Side>;
}

/** A header block of which not all is there. */
interface Block {
  /** The stream of its frames, and the one that its headers are of. */
  frames: number;
  stream: number;
  pieces: Uint8Array[];
  size: number;
  endsStream: boolean;
  /** The request that it is, if it is one. */
  request?: Exchange;
}

interface Direction {
  readonly decoder: HpackDecoder;
  /** The table sizes of settings that this side has yet to acknowledge. */
  readonly unacknowledged: (number | undefined)[];
  block: Block | undefined;
  /** The highest stream that this side has opened or promised. */
  highest: number;
}

const direction = (): Direction => ({ decoder: new HpackDecoder(), unacknowledged: [], block: undefined, highest: 0 });

export class Http2 implements Parser {
  readonly #listener: Listener;
  readonly #directions: Record<Side, Direction> = { client: direction(), server: direction() };
  readonly #streams = new Map<number, Exchange>();
  #hasBegun = false;
  #side: Side = "client";

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  /** A connection of HTTP/1 goes on as this. The answer of the request that asked for it comes on the first stream. */
  static upgraded(listener: Listener, transaction: Transaction, settings: Uint8Array): Http2 {
    const http2 = new Http2(listener);
    const { client, server } = http2.#directions;
    client.highest = 1;
    server.decoder.setLimit(tableSizeOf(settings) ?? 4096);
    http2.#streams.set(1, { transaction, http: transaction.http!, isAnswered: false, open: new Set<Side>(["server"]) });
    return http2;
  }

  read(side: Side, unread: Uint8Array): number {
    this.#side = side;
    if (side === "client" && !this.#hasBegun) return this.#begin(unread);
    const header = frameHeader(unread);
    if (header === undefined) return 0;
    const { length, type, flags, stream } = header;
    const { block } = this.#directions[side];
    if (type === CONTINUATION ? block?.frames !== stream : block !== undefined) throw new NotDecided("malformed");
    checkFrame(header);
    const end = FRAME_HEADER + length;
    if (![HEADERS, SETTINGS, PUSH_PROMISE, CONTINUATION].includes(type)) {
      if (type === RST_STREAM) this.#endStream(stream);
      if (type === DATA && (flags & END_STREAM) !== 0) this.#endSide(side, stream);
      return end;
    }
    if (unread.length < end) return 0;
    const frame = { ...header, payload: unread.subarray(FRAME_HEADER, end) };
    if (type === SETTINGS) this.#readSettings(side, frame);
    else this.#readHeaders(side, frame);
    return end;
  }

  end(side: Side): void {
    if (side === "client" && this.#directions.client.block !== undefined) throw new NotDecided("malformed");
  }

  close(undecided?: Undecided): void {
    if (undecided !== undefined) this.#addUndecided(undecided);
    for (const exchange of this.#streams.values()) this.#tellEnd(exchange);
    this.#streams.clear();
  }

  #addUndecided(undecided: Undecided): void {
    const block = this.#directions[this.#side].block;
    const known = block?.request ?? (block === undefined ? undefined : this.#streams.get(block.stream));
    const exchange = known === undefined || known.isAnswered ? newExchange() : known;
    exchange.transaction.undecided = undecided;
    this.#tellEnd(exchange);
  }

  #tellEnd(exchange: Exchange): void {
    if (exchange.isAnswered) return;
    exchange.isAnswered = true;
    this.#listener.ended(exchange.transaction);
  }

  #begin(unread: Uint8Array): number {
    for (let at = 0; at < Math.min(unread.length, PREFACE.length); at++) if (unread[at] !== PREFACE[at]) throw new NotDecided("malformed");
    if (unread.length < PREFACE.length) return 0;
    this.#hasBegun = true;
    return PREFACE.length;
  }

  #readSettings(side: Side, { flags, payload }: Frame): void {
    if ((flags & ACK) === 0) {
      const { unacknowledged } = this.#directions[OTHER_SIDE[side]];
      if (unacknowledged.length >= MOST_OPEN) throw new NotDecided("too_many");
      unacknowledged.push(tableSizeOf(payload));
      return;
    }
    const { unacknowledged, decoder } = this.#directions[side];
    if (unacknowledged.length === 0) throw new NotDecided("malformed");
    const size = unacknowledged.shift();
    if (size !== undefined) decoder.setLimit(size);
  }

  #readHeaders(side: Side, frame: Frame): void {
    const own = this.#directions[side];
    const { promised, fragment } = fragmentOf(frame);
    const block = (own.block ??= this.#beginBlock(side, frame, promised));
    block.size += fragment.length;
    if (block.size > MOST_ENCODED) throw new NotDecided("too_long");
    if (fragment.length > 0) block.pieces.push(Uint8Array.from(fragment));
    if ((frame.flags & END_HEADERS) === 0) return;
    this.#readBlock(side, block);
    own.block = undefined;
    if (block.endsStream) this.#endSide(side, block.stream);
  }

  #beginBlock(side: Side, { type, flags, stream }: Frame, promised: number): Block {
    const block: Block = { frames: stream, stream, pieces: [], size: 0, endsStream: type === HEADERS && (flags & END_STREAM) !== 0 };
    const own = this.#directions[side];
    const opened = type === PUSH_PROMISE ? promised : side === "client" ? stream : 0;
    if (type === PUSH_PROMISE && side === "client") throw new NotDecided("malformed");
    if (opened === 0 || (type === HEADERS && opened <= own.highest)) return block;
    if (opened <= own.highest || opened % 2 !== (side === "client" ? 1 : 0)) throw new NotDecided("malformed");
    own.highest = opened;
    block.request = newExchange();
    // The client sends nothing of a stream that the server promises.
    if (side === "server") block.request.open.delete("client");
    if (type === PUSH_PROMISE) block.stream = opened;
    return block;
  }

  #readBlock(side: Side, block: Block): void {
    const list = new HeaderList();
    const { request } = block;
    try {
      this.#directions[side].decoder.decode(Buffer.concat(block.pieces), (name, value) => list.add(name, value));
    } finally {
      if (request !== undefined) list.describe(request.http);
    }
    if (request !== undefined) return this.#ask(block.stream, request, list);
    const exchange = this.#streams.get(block.stream);
    if (side === "client" || exchange?.isAnswered === true) return list.checkTrailers();
    if (exchange !== undefined) this.#answer(exchange, list.statusOf());
  }

  #ask(stream: number, request: Exchange, list: HeaderList): void {
    request.protocol = list.checkRequest(request.http);
    if (this.#streams.size >= MOST_OPEN) throw new NotDecided("too_many");
    this.#streams.set(stream, request);
    this.#listener.asked(request.transaction);
  }

  #answer(exchange: Exchange, status: number): void {
    if (status < 200) return;
    exchange.http.status = status;
    if (exchange.protocol !== undefined && status < 300) exchange.http.upgrade = exchange.protocol;
    this.#tellEnd(exchange);
  }

  #endSide(side: Side, stream: number): void {
    const exchange = this.#streams.get(stream);
    exchange?.open.delete(side);
    if (exchange?.open.size === 0) this.#endStream(stream);
  }

  #endStream(stream: number): void {
    const exchange = this.#streams.get(stream);
    if (exchange === undefined) return;
    this.#streams.delete(stream);
    this.#tellEnd(exchange);
  }
}

function newExchange(): Exchange {
  const http: Http = {};
  return { transaction: { protocol: "http2", http }, http, isAnswered: false, open: new Set<Side>(["client", "server"]) };
}

export const HTTP2: StreamProtocol = {
  recognise: recogniseHttp2,
  open: (listener) => new Http2(listener),
};
