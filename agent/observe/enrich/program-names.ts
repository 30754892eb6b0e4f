/** Limits the number of program names in metrics, because anybody can start programs with ever new names. */

import { isPrintable } from "../../values/quote.ts";
import { OTHER, UNKNOWN } from "../flows/groups.ts";

/** The most different names, including the one for all others. */
export const MOST_PROGRAMS = 200;
/** This character replaces bytes that are no text. */
const NO_TEXT = "\ufffd";

export class ProgramNames {
  readonly #known = new Set<string>();

  /** Returns the name itself for the first names, and `other` for all later ones and for names that are not printable. */
  nameOf(program: string): string {
    const name = program === "" ? UNKNOWN : program;
    if (this.#known.has(name)) return name;
    if (this.#known.size >= MOST_PROGRAMS - 1 || name === OTHER || name.includes(NO_TEXT) || !isPrintable(name)) return OTHER;
    this.#known.add(name);
    return name;
  }
}
