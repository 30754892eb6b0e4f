/** Compares matchers with each other: one may cover another, or both may overlap. */

import { Match, MatcherFlag } from "../../generated/layout.ts";
import type { Range } from "../spans.ts";
import { DESTINATION_WORD, GROUPS_WORD, type Lines, SOURCE_WORD, WORDS } from "./line.ts";

/** The conditions of a matcher on the local process. The kind itself stands with the rule. */
const OF_KINDS = MatcherFlag.OF_KIND | MatcherFlag.OF_OTHER_KIND;
const MEANING = MatcherFlag.BLOCKS | MatcherFlag.STAGED | MatcherFlag.CONDITIONAL | MatcherFlag.TIMED | MatcherFlag.DOUBTFUL | OF_KINDS;

/**
 * Returns whether the first line decides everything that the second one matches, or is as doubtful about it with the same action.
 * Of several staged rules only the first is reported, so a staged rule hides later staged ones.
 */
export function makesMeaningless(lines: Lines, first: number, second: number, protocolIsKnown: boolean): boolean {
  const isSure = !(lines.flags(first) & MatcherFlag.DOUBTFUL) && (protocolIsKnown || !(lines.fields(first) & Match.PROTOCOL));
  // Conditions that one rule has beside its alternatives hold for each of them.
  const leavesNoSay = lines.order(first) === lines.order(second) || silences(lines, first, lines, second);
  return (isSure || meansTheSame(lines, first, lines, second)) && leavesNoSay && covers(lines, first, lines, second);
}

/** Returns whether a match of the first line leaves the second, a line of `others`, nothing to decide. */
export function silences(lines: Lines, first: number, others: Lines, second: number): boolean {
  const flags = lines.flags(first);
  if (flags & (MatcherFlag.CONDITIONAL | MatcherFlag.TIMED | OF_KINDS)) return false;
  return !(flags & MatcherFlag.STAGED) || meansTheSame(lines, first, others, second);
}

function meansTheSame(lines: Lines, one: number, others: Lines, other: number): boolean {
  return ((lines.flags(one) ^ others.flags(other)) & MEANING) === 0;
}

/** Returns whether `outer` matches everything that `inner`, a line of `others`, matches, in packets of a family that both stand for. */
export function covers(lines: Lines, outer: number, others: Lines, inner: number): boolean {
  const asked = lines.fields(outer);
  if ((asked & ~others.fields(inner)) !== 0 || (lines.flags(outer) & OF_KINDS & ~others.flags(inner)) !== 0) return false;
  if ((others.directions(inner) & ~lines.directions(outer)) !== 0) return false;
  if (
    asked & Match.PROTOCOL &&
    (others.protocolLow(inner) < lines.protocolLow(outer) || others.protocolHigh(inner) > lines.protocolHigh(outer))
  )
    return false;
  if (asked & Match.INTERFACE && !hasSameGroups(lines, outer, others, inner)) return false;
  if (asked & Match.MESSAGE && (others.messageLow(inner) < lines.messageLow(outer) || others.messageHigh(inner) > lines.messageHigh(outer)))
    return false;
  if (
    asked & Match.SOURCE_PORT &&
    (others.sourcePortLow(inner) < lines.sourcePortLow(outer) || others.sourcePortHigh(inner) > lines.sourcePortHigh(outer))
  )
    return false;
  if (
    asked & Match.DESTINATION_PORT &&
    (others.destinationPortLow(inner) < lines.destinationPortLow(outer) ||
      others.destinationPortHigh(inner) > lines.destinationPortHigh(outer))
  )
    return false;
  if (asked & Match.SOURCE_SET && !hasSetsOf(lines, outer, others, inner, SOURCE_WORD)) return false;
  if (asked & Match.DESTINATION_SET && !hasSetsOf(lines, outer, others, inner, DESTINATION_WORD)) return false;
  return sourceCovers(lines, outer, others, inner) && destinationCovers(lines, outer, others, inner);
}

/**
 * Narrows a line to what a line of `others` matches, too; returns false if nothing is left. Two lists of interfaces may always
 * share an interface, so the line keeps its own; the same holds for sets, whose members change. So the result may be too large.
 */
export function narrow(lines: Lines, line: number, others: Lines, other: number): boolean {
  const directions = lines.directions(line) & others.directions(other);
  const isNew = others.fields(other) & ~lines.fields(line);
  if (directions === 0 || !narrowNetworks(lines, line, others, other) || !narrowTransport(lines, line, others, other)) return false;
  lines.setDirections(line, directions);
  if (isNew & Match.INTERFACE) lines.copyInterfaceGroups(line, others, other);
  return true;
}

function narrowNetworks(lines: Lines, line: number, others: Lines, other: number): boolean {
  const [family, otherFamily] = [lines.families[line]!, others.families[other]!];
  if (family !== 0 && otherFamily !== 0 && family !== otherFamily) return false;
  lines.families[line] = family || otherFamily;
  return narrowSource(lines, line, others, other) && narrowDestination(lines, line, others, other);
}

function narrowSource(lines: Lines, line: number, others: Lines, other: number): boolean {
  const [sets, adds] = [lines.fields(line) & Match.SOURCE_SET, others.fields(other) & Match.SOURCE_SET];
  if (adds ? sets || lines.sourceLength(line) > 0 : sets && others.sourceLength(other) === 0) return true;
  if (sourceCovers(lines, line, others, other)) lines.copySource(line, others, other);
  else if (!sourceCovers(others, other, lines, line)) return false;
  return true;
}

function narrowDestination(lines: Lines, line: number, others: Lines, other: number): boolean {
  const [sets, adds] = [lines.fields(line) & Match.DESTINATION_SET, others.fields(other) & Match.DESTINATION_SET];
  if (adds ? sets || lines.destinationLength(line) > 0 : sets && others.destinationLength(other) === 0) return true;
  if (destinationCovers(lines, line, others, other)) lines.copyDestination(line, others, other);
  else if (!destinationCovers(others, other, lines, line)) return false;
  return true;
}

/**
 * Narrows the ranges of the protocol, of messages and of ports. Matchers with messages have no ports, and matchers with ports no
 * messages.
 */
function narrowTransport(lines: Lines, line: number, others: Lines, other: number): boolean {
  const asked = lines.fields(line) | others.fields(other);
  if (asked & Match.PROTOCOL) {
    const protocols = meeting(lines.protocolLow(line), others.protocolLow(other), lines.protocolHigh(line), others.protocolHigh(other));
    if (protocols === undefined) return false;
    lines.setProtocols(line, protocols);
  }
  if (asked & Match.MESSAGE) {
    if (asked & Match.SOURCE_PORT) return false;
    const messages = meeting(lines.messageLow(line), others.messageLow(other), lines.messageHigh(line), others.messageHigh(other));
    if (messages === undefined) return false;
    lines.setMessages(line, messages);
  }
  if (asked & Match.SOURCE_PORT) {
    const ports = meeting(lines.sourcePortLow(line), others.sourcePortLow(other), lines.sourcePortHigh(line), others.sourcePortHigh(other));
    if (ports === undefined) return false;
    lines.setSourcePorts(line, ports);
  }
  if (asked & Match.DESTINATION_PORT) {
    const ports = meeting(
      lines.destinationPortLow(line),
      others.destinationPortLow(other),
      lines.destinationPortHigh(line),
      others.destinationPortHigh(other),
    );
    if (ports === undefined) return false;
    lines.setDestinationPorts(line, ports);
  }
  return true;
}

function meeting(low: number, otherLow: number, high: number, otherHigh: number): Range | undefined {
  const [first, last] = [Math.max(low, otherLow), Math.min(high, otherHigh)];
  return first > last ? undefined : { first, last };
}

function hasSameGroups(lines: Lines, one: number, others: Lines, other: number): boolean {
  return (
    lines.words[one * WORDS + GROUPS_WORD] === others.words[other * WORDS + GROUPS_WORD] &&
    lines.words[one * WORDS + GROUPS_WORD + 1] === others.words[other * WORDS + GROUPS_WORD + 1]
  );
}

/** Returns whether all sets of the inner line are among those of the outer line. An address needs to be in one of the sets only. */
function hasSetsOf(lines: Lines, outer: number, others: Lines, inner: number, words: number): boolean {
  for (let word = words; word < words + 2; word++)
    if ((others.words[inner * WORDS + word]! & ~lines.words[outer * WORDS + word]!) !== 0) return false;
  return true;
}

function sourceCovers(lines: Lines, outer: number, others: Lines, inner: number): boolean {
  const length = lines.sourceLength(outer);
  return length <= others.sourceLength(inner) && isInPrefix(lines, outer, others, inner, SOURCE_WORD, length);
}

function destinationCovers(lines: Lines, outer: number, others: Lines, inner: number): boolean {
  const length = lines.destinationLength(outer);
  return length <= others.destinationLength(inner) && isInPrefix(lines, outer, others, inner, DESTINATION_WORD, length);
}

function isInPrefix(lines: Lines, outer: number, others: Lines, inner: number, words: number, length: number): boolean {
  // The words are taken in the order of their bits, because a half stores its upper word second.
  for (let place = 0; 32 * place < length; place++) {
    const word = words + (place ^ 1);
    const kept = Math.min(32, length - 32 * place);
    if ((lines.words[outer * WORDS + word]! ^ others.words[inner * WORDS + word]!) >>> (32 - kept) !== 0) return false;
  }
  return true;
}
