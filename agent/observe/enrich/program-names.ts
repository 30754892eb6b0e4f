/** Names of programs in metrics, whose number has a bound: anybody can start programs of ever new names. */

import { isPrintable } from "../../values/quote.ts";
import { OTHER, UNKNOWN } from "../flows/groups.ts";

/** Different names at most, with the one for all others. */
export const MOST_PROGRAMS = 200;
/** Stands in a text for bytes that are none. */
const NO_TEXT = "\ufffd";

export class ProgramNames {
  readonly #known = new Set<string>();

  /** Returns the name itself for the first names that come, and `other` for the rest and for what is no printable text. */
  nameOf(program: string): string {
    const name = program === "" ? UNKNOWN : program;
    if (this.#known.has(name)) return name;
    if (this.#known.size >= MOST_PROGRAMS - 1 || name === OTHER || name.includes(NO_TEXT) || !isPrintable(name)) return OTHER;
    this.#known.add(name);
    return name;
  }
}
