/** Frames that are almost right: the places where parsers go wrong are next to the places where they do not. */

import { join } from "../harness/packet/layer.ts";
import type { Random } from "../harness/random.ts";

/** Longer ones a test run refuses. */
const LONGEST = 1800;
/** As far as headers reach; what lies behind is payload to all parsers. */
const HEADERS = 120;
const ETHERNET = 14;
const IPV6 = 40;
const ETHERTYPE_IPV6 = 0x86dd;

/** Numbers that mean something to a parser of some layer: versions with header lengths, protocols, types, limits. */
const TELLING = [
  0, 1, 2, 3, 4, 5, 6, 8, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 64, 128, 132, 135, 139, 140, 255, 0x40, 0x44, 0x45, 0x46, 0x4f, 0x50,
  0x60, 0x86, 0xdd,
];
const ETHERTYPES = [0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8, 0x6558, 0x88cc];
const EXTENSIONS = [0, 43, 44, 51, 60, 135, 139, 140];

type Mutation = (frame: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  flipBits,
  flipBits,
  tellingByte,
  tellingByte,
  lengthField,
  lengthField,
  etherType,
  truncate,
  pad,
  splice,
  repeat,
  insertExtension,
];

/** A frame made from one of `frames` by up to four changes; sometimes by none. */
export function mutated(frames: readonly Uint8Array[], random: Random): Uint8Array {
  let frame = Uint8Array.from(random.pick(frames));
  for (let changes = random.below(5); changes > 0; changes--) {
    frame = Uint8Array.from(random.pick(MUTATIONS)(frame, random, frames)).subarray(0, LONGEST);
  }
  return frame;
}

function place(frame: Uint8Array, random: Random): number {
  return random.below(Math.min(frame.length, HEADERS));
}

function flipBits(frame: Uint8Array, random: Random): Uint8Array {
  if (frame.length === 0) return frame;
  for (let flips = 1 + random.below(4); flips > 0; flips--) frame[place(frame, random)]! ^= 1 << random.below(8);
  return frame;
}

function tellingByte(frame: Uint8Array, random: Random): Uint8Array {
  if (frame.length > 0) frame[place(frame, random)] = random.pick(TELLING);
  return frame;
}

/** A number close to what is left of the frame, or to a limit, where a length may be. */
function lengthField(frame: Uint8Array, random: Random): Uint8Array {
  if (frame.length < ETHERNET + 2) return frame;
  const at = ETHERNET + (random.below(Math.min(frame.length, HEADERS) - ETHERNET) & ~1);
  const value = random.pick([0, 8, 20, 40, 0xffff, 0x8000, frame.length, frame.length - at, frame.length - ETHERNET]) + random.below(9) - 4;
  frame[at] = (value >>> 8) & 0xff;
  if (at + 1 < frame.length) frame[at + 1] = value & 0xff;
  return frame;
}

function etherType(frame: Uint8Array, random: Random): Uint8Array {
  if (frame.length < ETHERNET) return frame;
  const type = random.pick(ETHERTYPES);
  frame.set([type >>> 8, type & 0xff], 12);
  return frame;
}

function truncate(frame: Uint8Array, random: Random): Uint8Array {
  return frame.subarray(0, random.below(frame.length + 1));
}

/** As short frames are on a wire, and as trailers are. */
function pad(frame: Uint8Array, random: Random): Uint8Array {
  return join(frame, random.oneIn(2) ? random.below(64) : random.bytes(random.below(64)));
}

function splice(frame: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  const other = random.pick(others);
  const cut = (bytes: Uint8Array): number =>
    Math.min(bytes.length, random.oneIn(4) ? random.below(HEADERS) : random.pick([14, 18, 34, 42, 54, 62, 74]));
  return join(frame.subarray(0, cut(frame)), other.subarray(cut(other)));
}

/** A header twice, or a part of one. */
function repeat(frame: Uint8Array, random: Random): Uint8Array {
  const from = place(frame, random) & ~1;
  const length = random.pick([4, 8, 16, 20, 40]);
  return join(frame.subarray(0, from + length), frame.subarray(from));
}

/** Up to ten extension headers in front of whatever follows the IPv6 header. */
function insertExtension(frame: Uint8Array, random: Random): Uint8Array {
  const behind = ETHERNET + IPV6;
  if (frame.length < behind || frame[12]! * 256 + frame[13]! !== ETHERTYPE_IPV6) return frame;
  let rest = frame.subarray(behind);
  let next = frame[ETHERNET + 6]!;
  for (let headers = 1 + random.below(random.oneIn(4) ? 10 : 3); headers > 0; headers--) {
    const kind = random.pick(EXTENSIONS);
    const units = kind === 44 ? 0 : kind === 51 ? random.pick([1, 2, 4]) : random.below(3);
    const bytes = kind === 51 ? (units + 2) * 4 : (units + 1) * 8;
    const header = random.bytes(bytes);
    header.set([next, units]);
    if (kind === 44 && random.oneIn(2)) header.set([0, 0], 2);
    rest = join(header, rest);
    next = kind;
  }
  const head = Uint8Array.from(frame.subarray(0, behind));
  head[ETHERNET + 6] = next;
  head.set([(rest.length >>> 8) & 0xff, rest.length & 0xff], ETHERNET + 4);
  return join(head, rest);
}
