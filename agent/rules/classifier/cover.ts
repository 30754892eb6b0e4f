/** How matchers lie to each other: one around the other, or over each other. */

import { Match, MatcherFlag } from "../../generated/layout.ts";
import { DESTINATION, GROUPS, type Lines, SOURCE, WORDS } from "./line.ts";

const MEANING = MatcherFlag.BLOCKS | MatcherFlag.STAGED | MatcherFlag.CONDITIONAL | MatcherFlag.DOUBTFUL;

/** Whether the first decides all that the second matches, or is as doubtful about it to the same end. */
export function makesMeaningless(lines: Lines, first: number, second: number, protocolIsKnown: boolean): boolean {
  const [by, of] = [lines.flags(first), lines.flags(second)];
  if (by & (MatcherFlag.STAGED | MatcherFlag.CONDITIONAL)) return false;
  const isSure = !(by & MatcherFlag.DOUBTFUL) && (protocolIsKnown || !(lines.fields(first) & Match.PROTOCOL));
  return (isSure || ((by ^ of) & MEANING) === 0) && covers(lines, first, lines, second);
}

/** Whether a match of this line ends the search, whatever else the packet is. */
export function decides(lines: Lines, line: number): boolean {
  return (lines.flags(line) & (MatcherFlag.STAGED | MatcherFlag.CONDITIONAL)) === 0;
}

/** Whether everything that `inner`, a line of `others`, matches is matched by `outer` too, in packets of a family that both stand for. */
export function covers(lines: Lines, outer: number, others: Lines, inner: number): boolean {
  const asked = lines.fields(outer);
  if ((asked & ~others.fields(inner)) !== 0) return false;
  if ((others.directions(inner) & ~lines.directions(outer)) !== 0) return false;
  if (asked & Match.PROTOCOL && lines.protocol(outer) !== others.protocol(inner)) return false;
  if (asked & Match.INTERFACE && !hasSameGroups(lines, outer, others, inner)) return false;
  if (asked & Match.ICMP_TYPE && lines.icmpType(outer) !== others.icmpType(inner)) return false;
  if (asked & Match.ICMP_CODE && lines.icmpCode(outer) !== others.icmpCode(inner)) return false;
  if (asked & Match.SOURCE_PORT && (others.sourcePortLow(inner) < lines.sourcePortLow(outer) || others.sourcePortHigh(inner) > lines.sourcePortHigh(outer))) return false;
  if (asked & Match.DESTINATION_PORT && (others.destinationPortLow(inner) < lines.destinationPortLow(outer) || others.destinationPortHigh(inner) > lines.destinationPortHigh(outer))) return false;
  return sourceCovers(lines, outer, others, inner) && destinationCovers(lines, outer, others, inner);
}

/**
 * Leaves of a line what a line of `others` matches too; false if that is nothing. Two lists of interfaces may always
 * share one, so that their meeting is narrowed to the first; that errs towards too much.
 */
export function narrow(lines: Lines, line: number, others: Lines, other: number): boolean {
  const directions = lines.directions(line) & others.directions(other);
  if (directions === 0 || !narrowNetworks(lines, line, others, other) || !narrowPorts(lines, line, others, other)) return false;
  lines.setDirections(line, directions);
  const [had, adds] = [lines.fields(line), others.fields(other)];
  const both = had & adds;
  if (both & Match.PROTOCOL && lines.protocol(line) !== others.protocol(other)) return false;
  if (both & Match.ICMP_TYPE && lines.icmpType(line) !== others.icmpType(other)) return false;
  if (both & Match.ICMP_CODE && lines.icmpCode(line) !== others.icmpCode(other)) return false;
  const isNew = adds & ~had;
  if (isNew & Match.PROTOCOL) lines.setProtocol(line, others.protocol(other));
  if (isNew & Match.ICMP_TYPE) lines.setIcmpType(line, others.icmpType(other));
  if (isNew & Match.ICMP_CODE) lines.setIcmpCode(line, others.icmpCode(other));
  if (isNew & Match.INTERFACE) lines.copyInterfaceGroups(line, others, other);
  return true;
}

function narrowNetworks(lines: Lines, line: number, others: Lines, other: number): boolean {
  const [family, otherFamily] = [lines.families[line]!, others.families[other]!];
  if (family !== 0 && otherFamily !== 0 && family !== otherFamily) return false;
  lines.families[line] = family || otherFamily;
  if (sourceCovers(lines, line, others, other)) lines.copySource(line, others, other);
  else if (!sourceCovers(others, other, lines, line)) return false;
  if (destinationCovers(lines, line, others, other)) lines.copyDestination(line, others, other);
  else if (!destinationCovers(others, other, lines, line)) return false;
  return true;
}

function narrowPorts(lines: Lines, line: number, others: Lines, other: number): boolean {
  const asked = lines.fields(line) | others.fields(other);
  if (asked & Match.SOURCE_PORT) {
    const first = Math.max(lines.sourcePortLow(line), others.sourcePortLow(other));
    const last = Math.min(lines.sourcePortHigh(line), others.sourcePortHigh(other));
    if (first > last) return false;
    lines.setSourcePorts(line, { first, last });
  }
  if (asked & Match.DESTINATION_PORT) {
    const first = Math.max(lines.destinationPortLow(line), others.destinationPortLow(other));
    const last = Math.min(lines.destinationPortHigh(line), others.destinationPortHigh(other));
    if (first > last) return false;
    lines.setDestinationPorts(line, { first, last });
  }
  return true;
}

function hasSameGroups(lines: Lines, one: number, others: Lines, other: number): boolean {
  return lines.words[one * WORDS + GROUPS] === others.words[other * WORDS + GROUPS] && lines.words[one * WORDS + GROUPS + 1] === others.words[other * WORDS + GROUPS + 1];
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
