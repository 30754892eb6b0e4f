/** Finds the known word that someone who mistyped it may have meant. */

/** Longer words are only compared for equality, so that the work stays small whatever is written. */
const LONGEST = 64;

export function nearest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > LONGEST) return undefined;
  const lower = word.toLowerCase().replaceAll("-", "_");
  let best: string | undefined;
  let bestDistance = (word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3))) + 1;
  for (const candidate of known) {
    const other = candidate.toLowerCase().replaceAll("-", "_");
    if (Math.abs(other.length - lower.length) >= bestDistance) continue;
    // A different number means a different thing and is no slip of the finger.
    if (digits(lower) !== "" && digits(other) !== "" && digits(lower) !== digits(other)) continue;
    // If two words are equally close, the one with the same first letter wins.
    const distance = editDistance(lower, other) + (lower[0] === other[0] ? 0 : 0.5);
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

function digits(word: string): string {
  return word.replace(/[^0-9]/g, "");
}

/** Counts the insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let distance = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) distance = Math.min(distance, at(beforeLast, column - 2) + 1);
      current.push(distance);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

function at(row: number[], column: number): number {
  return row[column] as number;
}
