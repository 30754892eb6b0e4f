/** Rules that have no say about any packet, because earlier ones decide, or are told of, everything they would match. */

import { Classifier } from "./classifier/build.ts";
import type { Lines } from "./classifier/line.ts";

export interface Shadowed {
  order: number;
  /** Orders of the rules before it, each of which leaves it no say about some of it. Empty: many, which are not known. */
  by: number[];
}

/** `own`: of the lines. `earlier`: of rules that all stand before them. */
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
