/** Rules that no packet reaches, because earlier ones decide everything they would match. */

import { Classifier } from "./classifier/build.ts";
import type { Lines } from "./classifier/line.ts";

export interface Shadowed {
  order: number;
  /** Orders of the rules before it, each of which decides some of it. */
  by: number[];
}

/** `classifiers`: of all rules that may stand before. */
export function findShadowed(lines: Lines, classifiers: readonly Classifier[]): Shadowed[] {
  const shadowed: Shadowed[] = [];
  for (let line = 0; line < lines.count; ) {
    const order = lines.order(line);
    const by = new Set<number>();
    let isReached = false;
    for (; line < lines.count && lines.order(line) === order; line++) {
      if (isReached) continue;
      const orders = Classifier.decidedBefore(classifiers, lines, line);
      if (orders === undefined) isReached = true;
      else for (const decider of orders) by.add(decider);
    }
    if (!isReached) shadowed.push({ order, by: [...by].sort((a, b) => a - b) });
  }
  return shadowed;
}
