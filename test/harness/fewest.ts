/** What is left of a list of which as much as possible is taken away while the rest still shows what the whole did. */
export async function fewest<T>(list: readonly T[], shows: (rest: readonly T[]) => Promise<boolean>): Promise<readonly T[]> {
  let left = list;
  for (let part = Math.ceil(left.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let from = 0; from < left.length; ) {
      const rest = left.toSpliced(from, part);
      if (await shows(rest)) left = rest;
      else from += part;
    }
  }
  return left;
}
