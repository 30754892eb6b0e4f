/**
 * Puts the handshake messages of one side together. A message may lie in many records, and a record may hold many messages. Records are
 * read up to the first one that is encrypted.
 */

import { NotDecided } from "../../undecided.ts";

const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
export const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
const RECORD_HEADER = 5;
/** Encrypted records are up to 256 bytes longer (RFC 8446, 5.2). */
const LONGEST_RECORD = 2 ** 14 + 256;
const MESSAGE_HEADER = 4;
/** Hellos with keys of post-quantum algorithms have some 2,000 bytes, and chains of certificates seldom 10,000. */
const LONGEST_MESSAGE = 64 * 1024;

export interface Message {
  type: number;
  body: Buffer;
}

/** The content of a record. `over` says that it begins what is encrypted, or that the connection ends. */
export interface Read {
  length: number;
  messages: Message[];
  over: "encrypted" | "alert" | undefined;
}

export class Records {
  #waiting: Buffer[] = [];
  #size = 0;

  /** True if no message has begun. */
  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Reads the record that begins here; undefined if not all of it is there. */
  read(unread: Uint8Array): Read | undefined {
    if (unread.length < RECORD_HEADER) return undefined;
    const type = unread[0]!;
    const length = (unread[3]! << 8) | unread[4]!;
    if (unread[1] !== 3 || length > LONGEST_RECORD) throw new NotDecided("malformed");
    if (unread.length < RECORD_HEADER + length) return undefined;
    const whole = RECORD_HEADER + length;
    if (type === HANDSHAKE) return { length: whole, messages: this.#take(unread.subarray(RECORD_HEADER, whole)), over: undefined };
    if (this.#size > 0) throw new NotDecided("malformed"); // a message must not be interrupted
    if (type === ALERT) return { length: whole, messages: [], over: "alert" };
    if (type === CHANGE_CIPHER_SPEC || type === APPLICATION_DATA) return { length: whole, messages: [], over: "encrypted" };
    throw new NotDecided("malformed");
  }

  #take(fragment: Uint8Array): Message[] {
    if (fragment.length === 0) throw new NotDecided("malformed");
    this.#waiting.push(Buffer.from(fragment));
    this.#size += fragment.length;
    const messages: Message[] = [];
    for (let next = this.#next(); next !== undefined; next = this.#next()) messages.push(next);
    return messages;
  }

  #next(): Message | undefined {
    if (this.#size < MESSAGE_HEADER) return undefined;
    if (this.#waiting[0]!.length < MESSAGE_HEADER) this.#waiting = [Buffer.concat(this.#waiting)];
    const length = this.#waiting[0]!.readUIntBE(1, 3);
    if (length > LONGEST_MESSAGE) throw new NotDecided("too_long");
    if (this.#size < MESSAGE_HEADER + length) return undefined;
    const bytes = Buffer.concat(this.#waiting);
    const rest = bytes.subarray(MESSAGE_HEADER + length);
    this.#waiting = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
    return { type: bytes[0]!, body: bytes.subarray(MESSAGE_HEADER, MESSAGE_HEADER + length) };
  }
}
