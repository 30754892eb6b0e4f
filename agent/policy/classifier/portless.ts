/**
 * Makes the matchers for packets whose ports, messages and flags are not known, such as a later fragment whose first was not
 * seen. A matcher that compares these may match or not. If several matchers then look alike, only the first is kept.
 */

import { Match, MatcherFlag } from "../../generated/layout.ts";
import { Lines, ORDER_WORD, WORDS } from "./line.ts";
import { Lists } from "./lists.ts";

const ASKS = Match.SOURCE_PORT | Match.DESTINATION_PORT | Match.MESSAGE;

/** The flags of conditions that stand with the rule, in its slot. */
const IN_THE_SLOT = MatcherFlag.TIMED | MatcherFlag.OF_KIND | MatcherFlag.OF_OTHER_KIND;

export function withoutPorts(lines: Lines, chosen: readonly number[]): Lines {
  const result = new Lines(chosen.length + 1);
  const known = new Lists({ next: new Int32Array(chosen.length + 1) });
  let line = result.add();
  for (const from of chosen) {
    result.copyFrom(lines, from, line);
    const flags = lines.flags(from);
    if ((lines.fields(from) & ASKS) !== 0 || (flags & MatcherFlag.CONDITIONAL) !== 0) {
      if (flags & MatcherFlag.STAGED) continue; // a staged rule that may match or not is not reported
      result.forgetTransport(line, (flags & (MatcherFlag.BLOCKS | IN_THE_SLOT)) | MatcherFlag.DOUBTFUL);
    }
    if (isNew(result, line, known)) line = result.add();
  }
  result.count--; // the last line was added and never filled
  return result;
}

/**
 * Returns whether no earlier line is like this one. Lines come in the order of their rules, so of two lines that differ only in
 * order and slot the first counts. But each rule has its own times and kinds of processes, so lines with such conditions must
 * belong to the same rule.
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

/** Returns whether the word holds the slot or the order, which stand beside each other. */
function isIdentity(word: number): boolean {
  return word === ORDER_WORD || word === ORDER_WORD - 1;
}
