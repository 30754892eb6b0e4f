/**
 * Matchers as they look to a packet whose ports, messages and flags are not known, as a later fragment without its
 * first: those that ask for them match perhaps. Of several that then look alike the first is enough.
 */

import { Match, MatcherFlag } from "../../generated/layout.ts";
import { Lines, ORDER, WORDS } from "./line.ts";

const ASKS = Match.SOURCE_PORT | Match.DESTINATION_PORT | Match.ICMP_TYPE | Match.ICMP_CODE;

export function withoutPorts(lines: Lines, chosen: readonly number[]): Lines {
  const result = Lines.of(chosen.length);
  const known = new Map<number, number[]>();
  let count = 0;
  for (const line of chosen) {
    result.copyFrom(lines, line, count);
    const flags = lines.flags(line);
    if ((lines.fields(line) & ASKS) !== 0 || (flags & MatcherFlag.CONDITIONAL) !== 0) {
      if (flags & MatcherFlag.STAGED) continue; // says nothing of what it may match
      result.forgetTransport(count, (flags & MatcherFlag.BLOCKS) | MatcherFlag.DOUBTFUL);
    }
    if (isNew(result, count, known)) count++;
  }
  return new Lines(result.words.slice(0, count * WORDS));
}

/** Lines come in the order of their rules, so that of two that differ only in that and the slot the first counts. */
function isNew(lines: Lines, line: number, known: Map<number, number[]>): boolean {
  const { words } = lines;
  const at = line * WORDS;
  let hash = 0;
  for (let word = 0; word < WORDS; word++) if (!isIdentity(word)) hash = Math.imul(hash ^ words[at + word]!, 0x9e3779b1) ^ (hash >>> 15);
  const alike = known.get(hash);
  if (alike === undefined) {
    known.set(hash, [line]);
    return true;
  }
  if (alike.some((other) => isAlike(words, at, other * WORDS))) return false;
  alike.push(line);
  return true;
}

function isAlike(words: Uint32Array, one: number, other: number): boolean {
  for (let word = 0; word < WORDS; word++) if (!isIdentity(word) && words[one + word] !== words[other + word]) return false;
  return true;
}

/** The slot and the order stand beside each other. */
function isIdentity(word: number): boolean {
  return word === ORDER || word === ORDER - 1;
}
