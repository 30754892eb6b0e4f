/** Lines as HTTP/1 knows them. Some readers also end a line at a bare LF or a bare CR, so such a line is undecided. */

import { NotDecided } from "../../undecided.ts";

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;

function checkByte(byte: number, before: number | undefined): void {
  if (byte === LF ? before !== CR : before === CR) throw new NotDecided("ambiguous");
  if (byte === LF || byte === CR || byte === TAB) return;
  if (byte < 0x20 || byte === 0x7f) throw new NotDecided("malformed");
}

export class Lines {
  /** So many of the unread bytes belong to a line without an end. They are not looked at again. */
  #scanned = 0;

  /** True in the middle of a line. */
  get isWithin(): boolean {
    return this.#scanned > 0;
  }

  /** Returns the next line without its end, or undefined if that has not come. A line has at most `most` bytes with its end. */
  next(unread: Uint8Array, most: number): string | undefined {
    for (let at = this.#scanned; at < unread.length; at++) {
      if (at >= most) throw new NotDecided("too_long");
      const byte = unread[at]!;
      checkByte(byte, at > 0 ? unread[at - 1] : undefined);
      if (byte !== LF) continue;
      this.#scanned = 0;
      return Buffer.from(unread.subarray(0, at - 1)).toString("latin1");
    }
    this.#scanned = unread.length;
    return undefined;
  }
}
