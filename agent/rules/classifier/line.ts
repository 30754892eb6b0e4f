/**
 * Matchers as the cells that the kernel compares, one after the other in the order of their rules. A line is the
 * sixteen 32-bit words of struct matcher; its fields are read and written by number here and nowhere else.
 */

import { Match, Matcher as Layout, MatcherFlag } from "../../generated/layout.ts";
import type { Matcher } from "../matcher.ts";

export const WORDS = 16;

/** Places of whole words in a line. An address is four words, the lowest first in each half. */
export const SOURCE = Layout.source.at / 4;
export const DESTINATION = Layout.destination.at / 4;
export const ORDER = Layout.order / 4;
const SLOT = Layout.slot / 4;

export interface LineRule {
  slot: number;
  order: number;
  blocks: boolean;
  /** Blocks without being enforced. */
  staged: boolean;
  conditional: boolean;
}

const MEANING = MatcherFlag.BLOCKS | MatcherFlag.STAGED | MatcherFlag.CONDITIONAL | MatcherFlag.DOUBTFUL;

export class Lines {
  readonly words: Uint32Array;
  /** 4 or 6 of a line that names an address, else 0. */
  readonly families: Uint8Array;
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(words: Uint32Array) {
    this.words = words;
    this.families = new Uint8Array(words.length / WORDS);
    this.bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    this.#view = new DataView(words.buffer, words.byteOffset, words.byteLength);
  }

  static of(count: number): Lines {
    return new Lines(new Uint32Array(count * WORDS));
  }

  get count(): number {
    return this.words.length / WORDS;
  }

  sourceLength(line: number): number {
    return this.bytes[line * 64 + Layout.source_length]!;
  }

  destinationLength(line: number): number {
    return this.bytes[line * 64 + Layout.destination_length]!;
  }

  order(line: number): number {
    return this.words[line * WORDS + ORDER]!;
  }

  slot(line: number): number {
    return this.words[line * WORDS + SLOT]!;
  }

  fields(line: number): number {
    return this.bytes[line * 64 + Layout.fields]!;
  }

  flags(line: number): number {
    return this.bytes[line * 64 + Layout.flags]!;
  }

  setFlags(line: number, flags: number): void {
    this.bytes[line * 64 + Layout.flags] = flags;
  }

  protocol(line: number): number {
    return this.bytes[line * 64 + Layout.protocol]!;
  }

  /** First and last port; all of them where the matcher compares none. */
  sourcePorts(line: number): [number, number] {
    if ((this.fields(line) & Match.SOURCE_PORT) === 0) return [0, 0xffff];
    return [this.#view.getUint16(line * 64 + Layout.source_port_low, true), this.#view.getUint16(line * 64 + Layout.source_port_high, true)];
  }

  destinationPorts(line: number): [number, number] {
    if ((this.fields(line) & Match.DESTINATION_PORT) === 0) return [0, 0xffff];
    return [this.#view.getUint16(line * 64 + Layout.destination_port_low, true), this.#view.getUint16(line * 64 + Layout.destination_port_high, true)];
  }

  /** Whether the first decides all that the second matches, or is as doubtful about it to the same end. */
  makesMeaningless(first: number, second: number, protocolIsKnown: boolean): boolean {
    const [by, of] = [this.flags(first), this.flags(second)];
    if (by & (MatcherFlag.STAGED | MatcherFlag.CONDITIONAL)) return false;
    const isSure = !(by & MatcherFlag.DOUBTFUL) && (protocolIsKnown || !(this.fields(first) & Match.PROTOCOL));
    return (isSure || ((by ^ of) & MEANING) === 0) && this.#covers(first, second);
  }

  #covers(outer: number, inner: number): boolean {
    const [out, into] = [outer * 64, inner * 64];
    const asked = this.fields(outer);
    if ((asked & ~this.fields(inner)) !== 0) return false;
    if ((this.bytes[into + Layout.directions]! & ~this.bytes[out + Layout.directions]!) !== 0) return false;
    if (asked & Match.PROTOCOL && this.protocol(outer) !== this.protocol(inner)) return false;
    if (asked & Match.INTERFACE && this.#view.getBigUint64(out + Layout.interface_groups, true) !== this.#view.getBigUint64(into + Layout.interface_groups, true)) return false;
    if (asked & Match.ICMP_TYPE && this.bytes[out + Layout.icmp_type] !== this.bytes[into + Layout.icmp_type]) return false;
    if (asked & Match.ICMP_CODE && this.bytes[out + Layout.icmp_code] !== this.bytes[into + Layout.icmp_code]) return false;
    if (!isInside(this.sourcePorts(inner), this.sourcePorts(outer)) || !isInside(this.destinationPorts(inner), this.destinationPorts(outer))) return false;
    return this.#prefixCovers(outer, inner, SOURCE, Layout.source_length) && this.#prefixCovers(outer, inner, DESTINATION, Layout.destination_length);
  }

  #prefixCovers(outer: number, inner: number, words: number, lengthAt: number): boolean {
    const length = this.bytes[outer * 64 + lengthAt]!;
    if (length > this.bytes[inner * 64 + lengthAt]!) return false;
    // The words in the order of their bits: a half's upper word stands second.
    for (let place = 0; 32 * place < length; place++) {
      const word = words + (place ^ 1);
      const kept = Math.min(32, length - 32 * place);
      if ((this.words[outer * WORDS + word]! ^ this.words[inner * WORDS + word]!) >>> (32 - kept) !== 0) return false;
    }
    return true;
  }

  copyFrom(other: Lines, from: number, to: number): void {
    this.words.set(other.words.subarray(from * WORDS, (from + 1) * WORDS), to * WORDS);
  }

  /** The same matcher without what it asks of ports, messages and flags. */
  forgetTransport(line: number, flags: number): void {
    const at = line * 64;
    this.bytes.fill(0, at + Layout.source_port_low, at + Layout.slot);
    this.bytes[at + Layout.icmp_type] = 0;
    this.bytes[at + Layout.icmp_code] = 0;
    this.bytes[at + Layout.fields] = this.fields(line) & (Match.PROTOCOL | Match.INTERFACE);
    this.setFlags(line, flags);
  }

  write(line: number, matcher: Matcher, rule: LineRule): void {
    const { source, destination, interfaceGroups, protocol, sourcePorts, destinationPorts, icmpType, icmpCode } = matcher;
    const at = line * 64;
    this.families[line] = source?.family ?? destination?.family ?? 0;
    if (source) this.#writeAddress(line * WORDS + SOURCE, source.address);
    if (destination) this.#writeAddress(line * WORDS + DESTINATION, destination.address);
    this.#view.setBigUint64(at + Layout.interface_groups, interfaceGroups ?? 0n, true);
    this.#view.setUint16(at + Layout.source_port_low, sourcePorts?.first ?? 0, true);
    this.#view.setUint16(at + Layout.source_port_high, sourcePorts?.last ?? 0, true);
    this.#view.setUint16(at + Layout.destination_port_low, destinationPorts?.first ?? 0, true);
    this.#view.setUint16(at + Layout.destination_port_high, destinationPorts?.last ?? 0, true);
    this.words[line * WORDS + SLOT] = rule.slot;
    this.words[line * WORDS + ORDER] = rule.order;
    this.bytes[at + Layout.source_length] = source?.length ?? 0;
    this.bytes[at + Layout.destination_length] = destination?.length ?? 0;
    this.bytes[at + Layout.protocol] = protocol ?? 0;
    this.bytes[at + Layout.directions] = matcher.directions;
    this.bytes[at + Layout.icmp_type] = icmpType ?? 0;
    this.bytes[at + Layout.icmp_code] = icmpCode ?? 0;
    this.bytes[at + Layout.fields] =
      (protocol === undefined ? 0 : Match.PROTOCOL) |
      (sourcePorts === undefined ? 0 : Match.SOURCE_PORT) |
      (destinationPorts === undefined ? 0 : Match.DESTINATION_PORT) |
      (icmpType === undefined ? 0 : Match.ICMP_TYPE) |
      (icmpCode === undefined ? 0 : Match.ICMP_CODE) |
      (interfaceGroups === undefined ? 0 : Match.INTERFACE);
    this.setFlags(line, (rule.blocks ? MatcherFlag.BLOCKS : 0) | (rule.staged ? MatcherFlag.STAGED : 0) | (rule.conditional ? MatcherFlag.CONDITIONAL : 0));
  }

  #writeAddress(at: number, address: Uint8Array): void {
    for (let half = 0; half < 2; half++) {
      this.words[at + 2 * half + 1] = wordOf(address, 8 * half);
      this.words[at + 2 * half] = wordOf(address, 8 * half + 4);
    }
  }
}

function isInside([first, last]: [number, number], [outerFirst, outerLast]: [number, number]): boolean {
  return first >= outerFirst && last <= outerLast;
}

function wordOf(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
