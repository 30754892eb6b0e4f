/**
 * Turns the matchers of a rule set into the cells that probes/decide/search.h searches. There is an index for each family, and
 * one for those packets of each family whose ports are not known.
 */

import { IndexKind } from "../../generated/layout.ts";
import type { FamilyName } from "./form.ts";
import { Image } from "./image.ts";
import type { Lines } from "./line.ts";
import { withoutPorts } from "./portless.ts";
import { Tables } from "./tables.ts";

const FAMILIES: { family: FamilyName; number: 4 | 6; index: number; portless: number }[] = [
  { family: "ipv4", number: 4, index: IndexKind.IPV4, portless: IndexKind.IPV4_PORTLESS },
  { family: "ipv6", number: 6, index: IndexKind.IPV6, portless: IndexKind.IPV6_PORTLESS },
];

/** The matchers of some rules in their tables. It knows which matchers cover which others, and makes the cells. */
export class Classifier {
  readonly #lines: Lines;
  readonly #tables: Tables[];
  readonly #chosen: number[][];

  /** The lines are in the order of their rules. Throws Crowded. */
  constructor(lines: Lines) {
    this.#lines = lines;
    this.#chosen = FAMILIES.map(({ number }) => {
      const chosen: number[] = [];
      for (let line = 0; line < lines.count; line++) if (lines.families[line] === 0 || lines.families[line] === number) chosen.push(line);
      return chosen;
    });
    this.#tables = FAMILIES.map(({ family }, index) => {
      const tables = new Tables(lines, family, true);
      tables.fill(this.#chosen[index]!);
      return tables;
    });
  }

  /**
   * Returns the orders of earlier rules of these classifiers that leave a line nothing to decide: one rule for each family of the
   * line. The line may be one of other lines. Returns undefined if in one family no single rule does.
   */
  static silencedBy(classifiers: readonly Classifier[], others: Lines, line: number): number[] | undefined {
    const orders: number[] = [];
    for (const [index, { number }] of FAMILIES.entries()) {
      const family = others.families[line];
      if (family !== 0 && family !== number) continue;
      const silencer = firstOf(classifiers, (one) => one.#tables[index]!.silencedBy(others, line));
      if (silencer === undefined) return undefined;
      orders.push(silencer);
    }
    return orders;
  }

  /** Returns the orders of the rules that take more cells than they have alternatives, because their port ranges overlap. */
  cutOrders(): number[] {
    return [...new Set(this.#tables.flatMap((tables) => tables.cutOrders()))];
  }

  /** Returns the orders of all rules that can decide about some packet. A few rules that cannot may be among them. */
  heard(): Set<number> {
    const orders = new Set<number>();
    for (const tables of this.#tables) tables.addHeard(orders);
    return orders;
  }

  /** Makes the cells. Call it once, because the tables give their lists away. Throws Crowded. */
  cells(): Uint32Array {
    const image = new Image(IndexKind.COUNT);
    for (const [index, { family, index: number, portless }] of FAMILIES.entries()) {
      image.addIndex(number, this.#chosen[index]!, family, this.#tables[index]!);
      const rest = withoutPorts(this.#lines, this.#chosen[index]!);
      const all = Array.from({ length: rest.count }, (_, line) => line);
      const tables = new Tables(rest, family, false);
      tables.fill(all);
      image.addIndex(portless, all, family, tables);
    }
    return image.cells;
  }
}

function firstOf<T, R>(items: readonly T[], answer: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const answered = answer(item);
    if (answered !== undefined) return answered;
  }
  return undefined;
}
