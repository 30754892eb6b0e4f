/**
 * The form of a table's keys: how many bits of each address and of the ports they hold, and whether they hold the protocol. A
 * matcher may stand in any table whose form asks for no more than the matcher fixes.
 */

import { Hash } from "../../generated/layout.ts";
import { DESTINATION_WORD, type Lines, SOURCE_WORD, WORDS } from "./line.ts";

export interface Form {
  /** The number of bits of the 128-bit address, 0 for none; for IPv4, 96 and the prefix length. */
  source: number;
  destination: number;
  sourcePort: number;
  destinationPort: number;
  protocol: boolean;
}

export type PortDimension = "sourcePort" | "destinationPort";
export type Dimension = "source" | "destination" | PortDimension;
export const PORT_DIMENSIONS: readonly PortDimension[] = ["sourcePort", "destinationPort"];
export const DIMENSIONS: readonly Dimension[] = ["source", "destination", ...PORT_DIMENSIONS];

export type FamilyName = "ipv4" | "ipv6";

/** The prefix lengths that keys begin with, and those that split crowded keys. */
const LENGTHS: Record<FamilyName, { first: readonly number[]; finer: readonly number[] }> = {
  ipv4: { first: [0, 104, 112, 120], finer: [0, 104, 108, 112, 116, 120, 124, 128] },
  ipv6: { first: [0, 32, 48, 64], finer: [0, 16, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 80, 96, 104, 112, 116, 120, 124, 128] },
};
const PORT_BITS: readonly number[] = [0, 4, 6, 8, 10, 12, 14, 16];

/** Returns the number of the form that a matcher's key begins with. */
export function firstForm(lines: Lines, line: number, family: FamilyName, withPorts: boolean): number {
  const { first } = LENGTHS[family];
  const source = atMost(first, lines.sourceLength(line));
  const destination = atMost(first, lines.destinationLength(line));
  if (!withPorts) return numberOf(source, destination, 0, 0, false);
  const sourcePort = sourcePortBits(lines, line) === 16 ? 16 : 0;
  const destinationPort = destinationPortBits(lines, line) === 16 ? 16 : 0;
  return numberOf(source, destination, sourcePort, destinationPort, lines.saysProtocol(line));
}

/** Encodes a form as one small number. */
export function formNumber({ source, destination, sourcePort, destinationPort, protocol }: Form): number {
  return numberOf(source, destination, sourcePort, destinationPort, protocol);
}

export function formOf(number: number): Form {
  return {
    source: number >> 19,
    destination: (number >> 11) & 0xff,
    sourcePort: (number >> 6) & 0x1f,
    destinationPort: (number >> 1) & 0x1f,
    protocol: (number & 1) === 1,
  };
}

function numberOf(source: number, destination: number, sourcePort: number, destinationPort: number, protocol: boolean): number {
  return (source << 19) | (destination << 11) | (sourcePort << 6) | (destinationPort << 1) | (protocol ? 1 : 0);
}

/** Returns how many bits of the dimension the matcher fixes. */
export function bitsOf(lines: Lines, line: number, dimension: Dimension): number {
  switch (dimension) {
    case "source":
      return lines.sourceLength(line);
    case "destination":
      return lines.destinationLength(line);
    case "sourcePort":
      return sourcePortBits(lines, line);
    case "destinationPort":
      return destinationPortBits(lines, line);
  }
}

export function finerSteps(family: FamilyName, dimension: Dimension, from: number): readonly number[] {
  return dimension === "source" || dimension === "destination" ? LENGTHS[family].finer.filter((step) => step > from) : finerPorts(from);
}

export function finerPorts(from: number): readonly number[] {
  return PORT_BITS.filter((step) => step > from);
}

/** Returns whether each key of `finer` lies within a key of `coarser`. */
export function isWithin(finer: Form, coarser: Form): boolean {
  return DIMENSIONS.every((dimension) => coarser[dimension] <= finer[dimension]) && (!coarser.protocol || finer.protocol);
}

/** Returns whether the matcher fixes all that keys of this form hold. */
export function saysAllOf(lines: Lines, line: number, form: Form): boolean {
  return (
    lines.sourceLength(line) >= form.source &&
    lines.destinationLength(line) >= form.destination &&
    (form.sourcePort === 0 || sourcePortBits(lines, line) >= form.sourcePort) &&
    (form.destinationPort === 0 || destinationPortBits(lines, line) >= form.destinationPort) &&
    (!form.protocol || lines.saysProtocol(line))
  );
}

/** A form as the words that mask keys. */
export interface Masks {
  /** Four words each, in the order of an address in a line. */
  source: Uint32Array;
  destination: Uint32Array;
  ports: number;
  protocol: number;
}

export function masksOf(form: Form): Masks {
  return {
    source: addressMask(form.source),
    destination: addressMask(form.destination),
    ports: ((portMask(form.sourcePort) << 16) | portMask(form.destinationPort)) >>> 0,
    protocol: form.protocol ? 0xff : 0,
  };
}

/** Returns the tag of a matcher's key, as key_tag in probes/decide/search.h computes it for a packet. It is never 0. */
export function tagOf(lines: Lines, line: number, masks: Masks, seed: number): number {
  const { words } = lines;
  const source = line * WORDS + SOURCE_WORD;
  const destination = line * WORDS + DESTINATION_WORD;
  let hash = seed;
  for (let word = 0; word < 4; word++) {
    hash = (hash + Math.imul(words[source + word]! & masks.source[word]!, SOURCE_FACTORS[word]!)) | 0;
    hash = (hash + Math.imul(words[destination + word]! & masks.destination[word]!, DESTINATION_FACTORS[word]!)) | 0;
  }
  if (masks.ports !== 0) {
    const ports = (lines.sourcePortLow(line) << 16) | lines.destinationPortLow(line);
    hash = (hash + Math.imul(ports & masks.ports, Hash.PORTS)) | 0;
  }
  if (masks.protocol !== 0) hash = (hash + Math.imul(lines.protocolLow(line), Hash.PROTOCOL)) | 0;
  return finish(hash) || 1;
}

/** Returns where the search for a tag begins; the kernel takes the lower bits of it. */
export function homeOf(tag: number): number {
  return Math.imul(tag, Hash.SCATTER) >>> Hash.BUCKET_SHIFT;
}

const SOURCE_FACTORS = [Hash.SOURCE_0, Hash.SOURCE_1, Hash.SOURCE_2, Hash.SOURCE_3];
const DESTINATION_FACTORS = [Hash.DESTINATION_0, Hash.DESTINATION_1, Hash.DESTINATION_2, Hash.DESTINATION_3];

function finish(hash: number): number {
  hash ^= hash >>> 15;
  hash = Math.imul(hash, Hash.FINISH_FIRST);
  hash ^= hash >>> 12;
  hash = Math.imul(hash, Hash.FINISH_SECOND);
  hash ^= hash >>> 15;
  return hash >>> 0;
}

function atMost(steps: readonly number[], length: number): number {
  let best = 0;
  for (const step of steps) if (step <= length) best = step;
  return best;
}

/** Returns how many leading bits all ports of a range have in common. */
function sourcePortBits(lines: Lines, line: number): number {
  return Math.clz32(lines.sourcePortLow(line) ^ lines.sourcePortHigh(line)) - 16;
}

function destinationPortBits(lines: Lines, line: number): number {
  return Math.clz32(lines.destinationPortLow(line) ^ lines.destinationPortHigh(line)) - 16;
}

function portMask(bits: number): number {
  return bits === 0 ? 0 : (0xffff << (16 - bits)) & 0xffff;
}

/** Returns the mask of a prefix, without the constant bits of an IPv4 address. */
function addressMask(length: number): Uint32Array {
  const mask = new Uint32Array(4);
  const bits = (from: number): number => {
    const count = Math.min(32, Math.max(0, length - from));
    return count === 0 ? 0 : (0xffffffff << (32 - count)) >>> 0;
  };
  mask[1] = bits(0);
  mask[0] = bits(32);
  mask[3] = bits(64);
  mask[2] = bits(96);
  return mask;
}
