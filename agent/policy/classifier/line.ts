/**
 * Matchers as the cells that the kernel compares, one after the other in the order of their rules. A line is the sixteen 32-bit
 * words of struct matcher. Only this file reads and writes the fields of a line.
 */

import type { Network } from "../../values/address.ts";
import { Match, Matcher as Layout, MatcherFlag } from "../../generated/layout.ts";
import type { Range } from "../spans.ts";

export const WORDS = 16;

/** The places of whole words in a line. An address is four words, the lower one first in each half. */
export const SOURCE_WORD = Layout.source.at / 4;
export const DESTINATION_WORD = Layout.destination.at / 4;
export const ORDER_WORD = Layout.order / 4;
const SLOT = Layout.slot / 4;
export const GROUPS_WORD = Layout.interface_groups / 4;

export interface LineRule {
  slot: number;
  order: number;
  blocks: boolean;
  /** The rule blocks and is not enforced. */
  staged: boolean;
  /** The rule checks each packet of a connection. */
  conditional: boolean;
  /** The rule holds at certain times only. */
  timed: boolean;
}

/** Lines as plain arrays, which one thread can send to another. */
export interface LineArrays {
  words: Uint32Array;
  families: Uint8Array;
}

/** The range of a matcher that compares no protocol. */
const ALL_PROTOCOLS = { low: 0, high: 0xff };
/** The range of a matcher that compares no ports, or no messages. */
const ALL_PORTS = { low: 0, high: 0xffff };

export class Lines {
  /** The number of lines in use. */
  count: number;
  words: Uint32Array;
  /** The family of each line: 4 or 6 if it names an address, else 0. */
  families: Uint8Array;
  #bytes: Uint8Array;
  #halves: Uint16Array;

  /** `room` is the number of lines that fit without growing. */
  constructor(room: number, count = 0) {
    this.count = count;
    this.words = new Uint32Array(room * WORDS);
    this.families = new Uint8Array(room);
    this.#bytes = new Uint8Array(this.words.buffer);
    this.#halves = new Uint16Array(this.words.buffer);
  }

  /** Adds an empty line behind the others and returns its number. */
  add(): number {
    if (this.count === this.families.length) this.#grow();
    return this.count++;
  }

  copy(): Lines {
    const copy = new Lines(this.families.length, this.count);
    copy.words.set(this.words);
    copy.families.set(this.families);
    return copy;
  }

  #grow(): void {
    const larger = new Lines(Math.max(16, this.families.length * 2));
    larger.words.set(this.words);
    larger.families.set(this.families);
    this.#hold(larger);
  }

  #hold({ words, families }: LineArrays): void {
    this.words = words;
    this.families = families;
    this.#bytes = new Uint8Array(words.buffer);
    this.#halves = new Uint16Array(words.buffer);
  }

  /** Makes lines over arrays that `arrays` returned. */
  static over(arrays: LineArrays): Lines {
    const lines = new Lines(0, arrays.families.length);
    lines.#hold(arrays);
    return lines;
  }

  /** Copies the chosen lines into arrays. */
  arrays(chosen: readonly number[]): LineArrays {
    const copy = new Lines(chosen.length);
    for (const [to, from] of chosen.entries()) copy.copyFrom(this, from, to);
    return { words: copy.words, families: copy.families };
  }

  sourceLength(line: number): number {
    return this.#bytes[line * 64 + Layout.source_length]!;
  }

  destinationLength(line: number): number {
    return this.#bytes[line * 64 + Layout.destination_length]!;
  }

  order(line: number): number {
    return this.words[line * WORDS + ORDER_WORD]!;
  }

  slot(line: number): number {
    return this.words[line * WORDS + SLOT]!;
  }

  fields(line: number): number {
    return this.#halves[line * 32 + Layout.fields / 2]!;
  }

  flags(line: number): number {
    return this.#bytes[line * 64 + Layout.flags]!;
  }

  setFlags(line: number, flags: number): void {
    this.#bytes[line * 64 + Layout.flags] = flags;
  }

  protocolLow(line: number): number {
    return this.fields(line) & Match.PROTOCOL ? this.#bytes[line * 64 + Layout.protocol_low]! : ALL_PROTOCOLS.low;
  }

  protocolHigh(line: number): number {
    return this.fields(line) & Match.PROTOCOL ? this.#bytes[line * 64 + Layout.protocol_high]! : ALL_PROTOCOLS.high;
  }

  /** Returns whether the line compares exactly one protocol. */
  saysProtocol(line: number): boolean {
    return this.protocolLow(line) === this.protocolHigh(line);
  }

  sourcePortLow(line: number): number {
    return this.fields(line) & Match.SOURCE_PORT ? this.#halves[line * 32 + Layout.source_port_low / 2]! : ALL_PORTS.low;
  }

  sourcePortHigh(line: number): number {
    return this.fields(line) & Match.SOURCE_PORT ? this.#halves[line * 32 + Layout.source_port_high / 2]! : ALL_PORTS.high;
  }

  destinationPortLow(line: number): number {
    return this.fields(line) & Match.DESTINATION_PORT ? this.#halves[line * 32 + Layout.destination_port_low / 2]! : ALL_PORTS.low;
  }

  destinationPortHigh(line: number): number {
    return this.fields(line) & Match.DESTINATION_PORT ? this.#halves[line * 32 + Layout.destination_port_high / 2]! : ALL_PORTS.high;
  }

  directions(line: number): number {
    return this.#bytes[line * 64 + Layout.directions]!;
  }

  messageLow(line: number): number {
    return this.fields(line) & Match.MESSAGE ? this.#halves[line * 32 + Layout.message_low / 2]! : ALL_PORTS.low;
  }

  messageHigh(line: number): number {
    return this.fields(line) & Match.MESSAGE ? this.#halves[line * 32 + Layout.message_high / 2]! : ALL_PORTS.high;
  }

  /** Copies a line of `other` over a line here. */
  copyFrom(other: Lines, from: number, to: number): void {
    for (let word = 0; word < WORDS; word++) this.words[to * WORDS + word] = other.words[from * WORDS + word]!;
    this.families[to] = other.families[from]!;
  }

  /** Removes the conditions on ports, messages and flags from a matcher. */
  forgetTransport(line: number, flags: number): void {
    const at = line * 64;
    this.#bytes.fill(0, at + Layout.source_port_low, at + Layout.slot);
    this.#halves[line * 32 + Layout.fields / 2] =
      this.fields(line) & (Match.PROTOCOL | Match.INTERFACE | Match.SOURCE_SET | Match.DESTINATION_SET);
    this.setFlags(line, flags);
  }

  // The setters below say what a matcher compares. A line that was just added compares only the direction.

  setRule(line: number, { slot, order, blocks, staged, conditional, timed }: LineRule): void {
    this.words[line * WORDS + SLOT] = slot;
    this.words[line * WORDS + ORDER_WORD] = order;
    this.setFlags(
      line,
      (blocks ? MatcherFlag.BLOCKS : 0) |
        (staged ? MatcherFlag.STAGED : 0) |
        (conditional ? MatcherFlag.CONDITIONAL : 0) |
        (timed ? MatcherFlag.TIMED : 0),
    );
  }

  /** Sets bits of enum weir_matcher_flag that describe the conditions on the local process. */
  askForProcess(line: number, flags: number): void {
    this.setFlags(line, this.flags(line) | flags);
  }

  setOrder(line: number, order: number): void {
    this.words[line * WORDS + ORDER_WORD] = order;
  }

  setDirections(line: number, directions: number): void {
    this.#bytes[line * 64 + Layout.directions] = directions;
  }

  setInterfaceGroups(line: number, groups: bigint): void {
    this.words[line * WORDS + GROUPS_WORD] = Number(groups & 0xffff_ffffn);
    this.words[line * WORDS + GROUPS_WORD + 1] = Number(groups >> 32n);
    this.#ask(line, Match.INTERFACE);
  }

  copyInterfaceGroups(line: number, other: Lines, from: number): void {
    this.words[line * WORDS + GROUPS_WORD] = other.words[from * WORDS + GROUPS_WORD]!;
    this.words[line * WORDS + GROUPS_WORD + 1] = other.words[from * WORDS + GROUPS_WORD + 1]!;
    this.#ask(line, Match.INTERFACE);
  }

  setSource(line: number, network: Network): void {
    this.#setNetwork(line, network, SOURCE_WORD, Layout.source_length);
  }

  setDestination(line: number, network: Network): void {
    this.#setNetwork(line, network, DESTINATION_WORD, Layout.destination_length);
  }

  /** Sets the bits of sets. One of these sets must hold the source, whatever its family is. */
  setSourceSets(line: number, sets: bigint): void {
    this.#setSets(line, sets, SOURCE_WORD, Match.SOURCE_SET);
  }

  setDestinationSets(line: number, sets: bigint): void {
    this.#setSets(line, sets, DESTINATION_WORD, Match.DESTINATION_SET);
  }

  copySource(line: number, other: Lines, from: number): void {
    this.#copyNetwork(line, other, from, SOURCE_WORD, Layout.source_length, Match.SOURCE_SET);
  }

  copyDestination(line: number, other: Lines, from: number): void {
    this.#copyNetwork(line, other, from, DESTINATION_WORD, Layout.destination_length, Match.DESTINATION_SET);
  }

  setProtocols(line: number, { first, last }: Range): void {
    this.#bytes[line * 64 + Layout.protocol_low] = first;
    this.#bytes[line * 64 + Layout.protocol_high] = last;
    this.#ask(line, Match.PROTOCOL);
  }

  setSourcePorts(line: number, { first, last }: Range): void {
    this.#halves[line * 32 + Layout.source_port_low / 2] = first;
    this.#halves[line * 32 + Layout.source_port_high / 2] = last;
    this.#ask(line, Match.SOURCE_PORT);
  }

  setDestinationPorts(line: number, { first, last }: Range): void {
    this.#halves[line * 32 + Layout.destination_port_low / 2] = first;
    this.#halves[line * 32 + Layout.destination_port_high / 2] = last;
    this.#ask(line, Match.DESTINATION_PORT);
  }

  /** Sets the messages. They use the place of the source ports, so a matcher cannot have both. */
  setMessages(line: number, { first, last }: Range): void {
    this.#halves[line * 32 + Layout.message_low / 2] = first;
    this.#halves[line * 32 + Layout.message_high / 2] = last;
    this.#ask(line, Match.MESSAGE);
  }

  #ask(line: number, field: number): void {
    this.#halves[line * 32 + Layout.fields / 2]! |= field;
  }

  /** `set` is the flag that marks these words as sets. */
  #copyNetwork(line: number, other: Lines, from: number, at: number, lengthAt: number, set: number): void {
    this.#halves[line * 32 + Layout.fields / 2] = (this.fields(line) & ~set) | (other.fields(from) & set);
    this.#bytes[line * 64 + lengthAt] = other.#bytes[from * 64 + lengthAt]!;
    for (let word = at; word < at + 4; word++) this.words[line * WORDS + word] = other.words[from * WORDS + word]!;
  }

  #setSets(line: number, sets: bigint, at: number, field: number): void {
    this.words[line * WORDS + at] = Number(sets & 0xffff_ffffn);
    this.words[line * WORDS + at + 1] = Number(sets >> 32n);
    this.#ask(line, field);
  }

  #setNetwork(line: number, { family, address, length }: Network, at: number, lengthAt: number): void {
    this.families[line] = family;
    this.#bytes[line * 64 + lengthAt] = length;
    for (let half = 0; half < 2; half++) {
      this.words[line * WORDS + at + 2 * half + 1] = wordOf(address, 8 * half);
      this.words[line * WORDS + at + 2 * half] = wordOf(address, 8 * half + 4);
    }
  }
}

function wordOf(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
