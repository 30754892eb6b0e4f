/**
 * Finds rules that never decide about any packet, because earlier rules decide, or are reported for, everything that they would
 * match.
 */

import { Classifier } from "./classifier/build.ts";
import type { Lines } from "./classifier/line.ts";

export interface Shadowed {
  order: number;
  /** The orders of the rules before it that together hide it. Empty if they are many, and are not known. */
  by: number[];
}

/** `own` is the classifier of the lines. `earlier` are those of rules that all stand before them. */
export function findShadowed(lines: Lines, own: Classifier, earlier: readonly Classifier[] = []): Shadowed[] {
  const shadowed: Shadowed[] = [];
  const classifiers = [...earlier, own];
  const heard = own.heard();
  for (let line = 0; line < lines.count; ) {
    const order = lines.order(line);
    const by = new Set<number>();
    let isLeft = false;
    for (; line < lines.count && lines.order(line) === order; line++) {
      if (isLeft) continue;
      const orders = Classifier.silencedBy(classifiers, lines, line);
      if (orders === undefined) isLeft = true;
      else for (const silencer of orders) by.add(silencer);
    }
    if (!isLeft) shadowed.push({ order, by: [...by].sort((a, b) => a - b) });
    else if (!heard.has(order)) shadowed.push({ order, by: [] });
  }
  return shadowed;
}
