/** Frames of HTTP/2: RFC 9113, sections 4 and 6. */

import { NotDecided } from "../../undecided.ts";

export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const CONTINUATION = 9;
/** The lengths of frames that have only one: PRIORITY, RST_STREAM, PING and WINDOW_UPDATE. */
const LENGTHS: Record<number, number> = { 2: 5, 3: 4, 6: 8, 8: 4 };

export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;
const PADDED = 0x8;
const PRIORITY = 0x20;

export const FRAME_HEADER = 9;
const HEADER_TABLE_SIZE = 1;
/** The longest header block, encoded. A frame also has padding. */
export const MOST_ENCODED = 32 * 1024;
const MOST_SETTINGS = 16 * 1024;

export interface FrameHeader {
  length: number;
  type: number;
  flags: number;
  stream: number;
}

/** Returns the header of the frame that begins here, if all of it is there. */
export function frameHeader(unread: Uint8Array): FrameHeader | undefined {
  if (unread.length < FRAME_HEADER) return undefined;
  const [length, type, flags] = [(unread[0]! << 16) | (unread[1]! << 8) | unread[2]!, unread[3]!, unread[4]!];
  const stream = ((unread[5]! & 0x7f) << 24) | (unread[6]! << 16) | (unread[7]! << 8) | unread[8]!;
  return { length, type, flags, stream };
}

export interface Frame extends FrameHeader {
  payload: Uint8Array;
}

/** Refuses a frame that nobody may send, by its header. */
export function checkFrame({ length, type, flags, stream }: FrameHeader): void {
  if ((LENGTHS[type] ?? length) !== length) throw new NotDecided("malformed");
  if ([DATA, HEADERS, RST_STREAM, PUSH_PROMISE].includes(type) && stream === 0) throw new NotDecided("malformed");
  if (type === SETTINGS) {
    const isWrong = stream !== 0 || length % 6 !== 0 || length > MOST_SETTINGS || ((flags & ACK) !== 0 && length > 0);
    if (isWrong) throw new NotDecided("malformed");
  }
  if ([HEADERS, PUSH_PROMISE, CONTINUATION].includes(type) && length > MOST_ENCODED + 265) throw new NotDecided("too_long");
}

/** Returns the last table size in a frame of settings. */
export function tableSizeOf(settings: Uint8Array): number | undefined {
  const view = Buffer.from(settings);
  let size: number | undefined;
  for (let at = 0; at + 6 <= view.length; at += 6) if (view.readUInt16BE(at) === HEADER_TABLE_SIZE) size = view.readUInt32BE(at + 2);
  return size;
}

/** Returns what is left without padding, priority and the number of a promised stream. */
export function fragmentOf({ type, flags, payload }: Frame): { promised: number; fragment: Uint8Array } {
  if (type === CONTINUATION) return { promised: 0, fragment: payload };
  const padding = (flags & PADDED) !== 0 ? (payload[0] ?? 0) : 0;
  const before = (flags & PADDED) !== 0 ? 1 : 0;
  const start = before + (type === PUSH_PROMISE ? 4 : (flags & PRIORITY) !== 0 ? 5 : 0);
  if (start + padding > payload.length) throw new NotDecided("malformed");
  const promised = type === PUSH_PROMISE ? Buffer.from(payload.subarray(before, start)).readUInt32BE() & 0x7fff_ffff : 0;
  return { promised, fragment: payload.subarray(start, payload.length - padding) };
}
