/**
 * Matchers as they look to a packet whose ports, messages and flags are not known, as a later fragment without its
 * first: those that ask for them match perhaps. Of several that then look alike the first is enough.
 */

import { Match, MatcherFlag } from "../../generated/layout.ts";
import { Lines, ORDER, WORDS } from "./line.ts";
import { Lists } from "./lists.ts";

const ASKS = Match.SOURCE_PORT | Match.DESTINATION_PORT | Match.MESSAGE;

/** Asks for what stands with the rule. */
const IN_THE_SLOT = MatcherFlag.TIMED | MatcherFlag.OF_KIND | MatcherFlag.OF_OTHER_KIND;

export function withoutPorts(lines: Lines, chosen: readonly number[]): Lines {
  const result = new Lines(chosen.length + 1);
  const known = new Lists({ next: new Int32Array(chosen.length + 1) });
  let line = result.add();
  for (const from of chosen) {
    result.copyFrom(lines, from, line);
    const flags = lines.flags(from);
    if ((lines.fields(from) & ASKS) !== 0 || (flags & MatcherFlag.CONDITIONAL) !== 0) {
      if (flags & MatcherFlag.STAGED) continue; // says nothing of what it may match
      result.forgetTransport(line, (flags & (MatcherFlag.BLOCKS | IN_THE_SLOT)) | MatcherFlag.DOUBTFUL);
    }
    if (isNew(result, line, known)) line = result.add();
  }
  result.count--; // the last was never taken
  return result;
}

/**
 * Lines come in the order of their rules, so that of two that differ only in that and the slot the first counts; but of
 * two rules each has times and kinds of processes of its own.
 */
function isNew(lines: Lines, line: number, known: Lists): boolean {
  const { words } = lines;
  const at = line * WORDS;
  const ofOneRule = (lines.flags(line) & IN_THE_SLOT) !== 0;
  let hash = 0;
  for (let word = 0; word < WORDS; word++) if (!isIdentity(word)) hash = Math.imul(hash ^ words[at + word]!, 0x9e3779b1) ^ (hash >>> 15);
  const place = known.find(hash >>> 0);
  if (place >= 0)
    for (let other = known.first(place); other >= 0; other = known.after(place, other))
      if (isAlike(words, at, other * WORDS, ofOneRule)) return false;
  known.add(hash >>> 0, line);
  return true;
}

function isAlike(words: Uint32Array, one: number, other: number, oneRule: boolean): boolean {
  for (let word = 0; word < WORDS; word++) if ((oneRule || !isIdentity(word)) && words[one + word] !== words[other + word]) return false;
  return true;
}

/** The slot and the order stand beside each other. */
function isIdentity(word: number): boolean {
  return word === ORDER || word === ORDER - 1;
}
