/**
 * The matchers of a rule set as the cells that probes/decide/search.h searches: an index for each family, and one for each
 * family's packets whose ports are not known.
 */

import { IndexKind } from "../../generated/layout.ts";
import type { Family } from "./form.ts";
import { Image } from "./image.ts";
import type { Lines } from "./line.ts";
import { withoutPorts } from "./portless.ts";
import { Tables } from "./tables.ts";

const FAMILIES: { family: Family; number: 4 | 6; index: number; portless: number }[] = [
  { family: "ipv4", number: 4, index: IndexKind.IPV4, portless: IndexKind.IPV4_PORTLESS },
  { family: "ipv6", number: 6, index: IndexKind.IPV6, portless: IndexKind.IPV6_PORTLESS },
];

/** Which matchers lie around which, and the cells that follow from it. */
export class Classifier {
  readonly #lines: Lines;
  readonly #tables: Tables[];
  readonly #chosen: number[][];

  /** Lines are in the order of their rules. Throws Crowded. */
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
   * The orders of earlier rules of these classifiers that leave a line, of other lines maybe, no say: one for each
   * family it stands for. undefined: none does in one of them.
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

  /** The orders of the rules that take more cells than they have alternatives, because their port ranges lie over each other. */
  cutOrders(): number[] {
    return [...new Set(this.#tables.flatMap((tables) => tables.cutOrders()))];
  }

  /** The orders of the rules that have a say about some packet, and of a few others: not all that have none are known. */
  heard(): Set<number> {
    const orders = new Set<number>();
    for (const tables of this.#tables) tables.addHeard(orders);
    return orders;
  }

  /** Throws Crowded. To be asked once: the tables give their lists away. */
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
