/** One TCP connection: puts the bytes of both sides in order, finds the protocol by its first bytes, and lets its parser read. */

import { type Listener, OTHER_SIDE, type Parser, type Side, type StreamProtocol } from "./parser.ts";
import { Reassembly } from "./reassembly.ts";
import { NotDecided, type Undecided } from "./undecided.ts";

export interface Segment {
  sequence: number;
  /** undefined without the flag ACK. */
  acknowledgement?: number;
  syn: boolean;
  fin: boolean;
  payload: Uint8Array;
}

const SIDES: readonly Side[] = ["client", "server"];

export class Stream {
  readonly #sides: Partial<Record<Side, Reassembly>> = {};
  readonly #listener: Listener;
  #candidates: readonly StreamProtocol[];
  #parser: Parser | undefined;
  readonly #ended = new Set<Side>();
  #isOver = false;

  constructor(protocols: readonly StreamProtocol[], listener: Listener) {
    this.#candidates = protocols;
    this.#listener = listener;
  }

  /** True once nothing of the connection is read any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  take(side: Side, { sequence, acknowledgement, syn, fin, payload }: Segment): void {
    if (this.#isOver) return;
    try {
      const first = (sequence + (syn ? 1 : 0)) | 0;
      this.#sides[side] ??= new Reassembly(first);
      if (acknowledgement !== undefined) this.#sides[OTHER_SIDE[side]]?.acknowledge(acknowledgement);
      this.#sides[side].take(first, payload, fin);
      if (this.#parser === undefined) this.#recognise();
      if (this.#parser !== undefined) this.#read(this.#parser);
    } catch (error) {
      if (!(error instanceof NotDecided)) throw error;
      this.close(error.reason);
    }
  }

  /** The connection is over, or nothing more of it is seen. */
  close(undecided: Undecided | undefined = this.#hasGap() ? "stream_gap" : undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#parser !== undefined) this.#parser.close(undecided);
    else if (undecided !== undefined) this.#listener.ended({ protocol: "unknown", undecided });
    this.#candidates = [];
    for (const side of SIDES) delete this.#sides[side];
  }

  #hasGap(): boolean {
    return SIDES.some((side) => this.#sides[side]?.hasGap);
  }

  #recognise(): void {
    for (const side of SIDES) {
      const first = this.#sides[side]?.unread ?? new Uint8Array(0);
      if (first.length === 0) continue;
      this.#candidates = this.#candidates.filter((protocol) => {
        const fits = this.#parser === undefined ? protocol.recognise(side, first) : false;
        if (fits === true) this.#parser = protocol.open(this.#listener);
        return fits !== false;
      });
    }
    if (this.#parser === undefined && this.#candidates.length === 0) this.#isOver = true;
  }

  #read(parser: Parser): void {
    // The parser may have waited for the bytes of one side before it reads those of the other.
    for (let goesOn = true; goesOn; ) goesOn = SIDES.filter((side) => this.#readSide(parser, side)).length > 0;
    for (const side of SIDES) {
      const bytes = this.#sides[side];
      if (bytes === undefined) continue;
      if (bytes.ended && !this.#ended.has(side)) {
        this.#ended.add(side);
        parser.end(side);
      }
    }
    if (this.#ended.size === SIDES.length) this.close();
  }

  /** Returns whether anything was read. */
  #readSide(parser: Parser, side: Side): boolean {
    const bytes = this.#sides[side];
    let isRead = false;
    while (bytes !== undefined && bytes.unread.length > 0) {
      const count = parser.read(side, bytes.unread);
      if (count === 0) break;
      bytes.advance(count);
      isRead = true;
    }
    return isRead;
  }
}
