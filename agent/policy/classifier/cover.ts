/** How matchers lie to each other: one around the other, or over each other. */

import { Match, MatcherFlag } from "../../generated/layout.ts";
import type { Range } from "../spans.ts";
import { DESTINATION, GROUPS, type Lines, SOURCE, WORDS } from "./line.ts";

/** What a matcher asks of the local process; of which kind stands with its rule. */
const OF_KINDS = MatcherFlag.OF_KIND | MatcherFlag.OF_OTHER_KIND;
const MEANING = MatcherFlag.BLOCKS | MatcherFlag.STAGED | MatcherFlag.CONDITIONAL | MatcherFlag.TIMED | MatcherFlag.DOUBTFUL | OF_KINDS;

/**
 * Whether the first decides all that the second matches, or is as doubtful about it to the same end. Of staged rules
 * the first is told, so that it leaves others of the kind no say.
 */
export function makesMeaningless(lines: Lines, first: number, second: number, protocolIsKnown: boolean): boolean {
  const isSure = !(lines.flags(first) & MatcherFlag.DOUBTFUL) && (protocolIsKnown || !(lines.fields(first) & Match.PROTOCOL));
  // What one rule asks beside its alternatives it asks of each of them.
  const leavesNoSay = lines.order(first) === lines.order(second) || silences(lines, first, lines, second);
  return (isSure || meansTheSame(lines, first, lines, second)) && leavesNoSay && covers(lines, first, lines, second);
}

/** Whether a match of the first leaves the second, a line of `others`, no say. */
export function silences(lines: Lines, first: number, others: Lines, second: number): boolean {
  const flags = lines.flags(first);
  if (flags & (MatcherFlag.CONDITIONAL | MatcherFlag.TIMED | OF_KINDS)) return false;
  return !(flags & MatcherFlag.STAGED) || meansTheSame(lines, first, others, second);
}

function meansTheSame(lines: Lines, one: number, others: Lines, other: number): boolean {
  return ((lines.flags(one) ^ others.flags(other)) & MEANING) === 0;
}

/** Whether everything that `inner`, a line of `others`, matches is matched by `outer` too, in packets of a family that both stand for. */
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
  if (asked & Match.SOURCE_SET && !hasSetsOf(lines, outer, others, inner, SOURCE)) return false;
  if (asked & Match.DESTINATION_SET && !hasSetsOf(lines, outer, others, inner, DESTINATION)) return false;
  return sourceCovers(lines, outer, others, inner) && destinationCovers(lines, outer, others, inner);
}

/**
 * Leaves of a line what a line of `others` matches too; false if that is nothing. Two lists of interfaces may always
 * share one, so that their meeting is narrowed to the first; so may sets, whose members change. That errs towards too
 * much.
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

/** Ranges: of the protocol, of messages, of ports. Matchers of a message have no ports, and those of ports no message. */
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
    lines.words[one * WORDS + GROUPS] === others.words[other * WORDS + GROUPS] &&
    lines.words[one * WORDS + GROUPS + 1] === others.words[other * WORDS + GROUPS + 1]
  );
}

/** Whether all sets that the inner line asks for, one of them enough, are among those of the outer. */
function hasSetsOf(lines: Lines, outer: number, others: Lines, inner: number, words: number): boolean {
  for (let word = words; word < words + 2; word++)
    if ((others.words[inner * WORDS + word]! & ~lines.words[outer * WORDS + word]!) !== 0) return false;
  return true;
}

function sourceCovers(lines: Lines, outer: number, others: Lines, inner: number): boolean {
  const length = lines.sourceLength(outer);
  return length <= others.sourceLength(inner) && isInPrefix(lines, outer, others, inner, SOURCE, length);
}

function destinationCovers(lines: Lines, outer: number, others: Lines, inner: number): boolean {
  const length = lines.destinationLength(outer);
  return length <= others.destinationLength(inner) && isInPrefix(lines, outer, others, inner, DESTINATION, length);
}

function isInPrefix(lines: Lines, outer: number, others: Lines, inner: number, words: number, length: number): boolean {
  // The words in the order of their bits: a half's upper word stands second.
  for (let place = 0; 32 * place < length; place++) {
    const word = words + (place ^ 1);
    const kept = Math.min(32, length - 32 * place);
    if ((lines.words[outer * WORDS + word]! ^ others.words[inner * WORDS + word]!) >>> (32 - kept) !== 0) return false;
  }
  return true;
}
