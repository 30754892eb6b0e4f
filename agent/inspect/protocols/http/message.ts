/** The messages that one side of an HTTP/1 connection sends, one behind the other. Bodies are skipped. */

import { ALL } from "../../parser.ts";
import { NotDecided } from "../../undecided.ts";
import { addLine, Fields, MOST_BLOCK } from "./fields.ts";
import { Lines } from "./lines.ts";

/** A body has so many bytes, or is in chunks, or is the rest of the connection. */
export type Body = number | "chunked" | "rest";

export interface MessageListener {
  firstLine(line: string): void;
  /** The header block is complete. Returns the body that follows it. */
  block(fields: Fields): Body;
}

type State = "first line" | "fields" | "body" | "chunk" | "chunk end" | "trailers" | "rest";

const MOST_CHUNK_LINE = 1024;
/** An extension is of no concern. */
const CHUNK = /^([0-9a-f]{1,12})(?:;.*)?$/i;

/** Returns the body that a header block tells of. Where two readers could find its end in two places, this is undecided. */
export function bodyOf(fields: Fields, version: string): Body | undefined {
  const [codings, lengths] = [fields.all("transfer-encoding"), fields.all("content-length")];
  if (codings.length > 0) {
    const isPlain = codings.length === 1 && codings[0]!.toLowerCase() === "chunked";
    if (!isPlain || lengths.length > 0 || version === "1.0") throw new NotDecided("ambiguous");
    return "chunked";
  }
  if (lengths.length === 0) return undefined;
  if (lengths.length > 1 || !/^\d{1,15}$/.test(lengths[0]!)) throw new NotDecided("ambiguous");
  return Number(lengths[0]);
}

export class Messages {
  readonly #listener: MessageListener;
  readonly #lines = new Lines();
  #state: State = "first line";
  #fields = new Fields();
  /** So many bytes the block that is being read may still have. */
  #left = MOST_BLOCK;
  #body = 0;
  #afterBody: State = "first line";

  constructor(listener: MessageListener) {
    this.#listener = listener;
  }

  /** True if no byte of the next message has been read. */
  get isBetween(): boolean {
    return this.#state === "first line" && !this.#lines.isWithin;
  }

  /** True in the middle of a header block. */
  get isWithinBlock(): boolean {
    return this.#state === "fields" || (this.#state === "first line" && this.#lines.isWithin);
  }

  /** The fields that have been read of the block. */
  get fields(): Fields {
    return this.#fields;
  }

  read(unread: Uint8Array): number {
    if (this.#state === "rest") return ALL;
    if (this.#state === "body") {
      this.#state = this.#afterBody;
      return this.#body;
    }
    const line = this.#lines.next(unread, this.#state === "chunk" ? MOST_CHUNK_LINE : this.#left);
    if (line === undefined) return 0;
    this.#readLine(line);
    return line.length + 2;
  }

  #readLine(line: string): void {
    switch (this.#state) {
      case "first line":
        // RFC 9112 says in section 2.2 that empty lines before a message are of no concern.
        if (line === "") return;
        this.#listener.firstLine(line);
        this.#beginBlock("fields", line.length + 2);
        return;
      case "fields":
        if (line !== "") return this.#addField(line);
        this.#beginBody(this.#listener.block(this.#fields));
        return;
      case "chunk":
        this.#beginChunk(line);
        return;
      case "chunk end":
        if (line !== "") throw new NotDecided("malformed");
        this.#state = "chunk";
        return;
      case "trailers":
        if (line !== "") return this.#addField(line);
        this.#beginNext();
    }
  }

  #beginBlock(state: State, read = 0): void {
    this.#state = state;
    this.#fields = new Fields();
    this.#left = MOST_BLOCK - read;
  }

  #addField(line: string): void {
    this.#left -= line.length + 2;
    addLine(this.#fields, line);
  }

  #beginBody(body: Body): void {
    if (body === "rest") this.#state = "rest";
    else if (body === "chunked") this.#state = "chunk";
    else this.#skip(body, "first line");
    this.#left = MOST_BLOCK;
  }

  #beginChunk(line: string): void {
    const found = CHUNK.exec(line);
    if (found === null) throw new NotDecided("ambiguous");
    const size = Number.parseInt(found[1]!, 16);
    if (size === 0) this.#beginBlock("trailers");
    else this.#skip(size, "chunk end");
  }

  #beginNext(): void {
    this.#state = "first line";
    this.#left = MOST_BLOCK;
  }

  #skip(count: number, after: State): void {
    this.#state = count === 0 ? after : "body";
    this.#body = count;
    this.#afterBody = after;
  }
}
