/**
 * Places in a file that are asked for. Readers do not keep the position of every value, which would take far
 * more memory than the file; when there is something to report, the file is read again and fills these in.
 */

import { quote } from "../../agent/values/quote.ts";

export type Path = readonly (string | number)[];

export class Wanted {
  readonly children = new Map<string | number, Wanted>();
  keyOffset = -1;
  valueOffset = -1;
  /** Given by who wants the offset of every item of this list. */
  items?: number[];

  /** The place of a path, which is asked for from now on. */
  at(path: Path): Wanted {
    let place: Wanted = this;
    for (const step of path) {
      let child = place.children.get(step);
      if (child === undefined) place.children.set(step, (child = new Wanted()));
      place = child;
    }
    return place;
  }

  /** Undoes what a reader that did not get through has noted. */
  forget(): void {
    this.keyOffset = this.valueOffset = -1;
    if (this.items !== undefined) this.items.length = 0;
    for (const child of this.children.values()) child.forget();
  }

  /** What a reader says of every key and item it meets; answers the place if it or one inside it is wanted. */
  note(step: string | number, keyOffset: number, valueOffset: number): Wanted | undefined {
    this.items?.push(keyOffset);
    const child = this.children.get(step);
    if (child === undefined || child.keyOffset >= 0) return child;
    child.keyOffset = keyOffset;
    child.valueOffset = valueOffset;
    return child;
  }
}

/** Something wrong at a place of the file. */
export interface Complaint {
  offset: number;
  message: string;
}

/** Nesting that no sensible file has; the readers are recursive. */
export const DEEPEST = 32;
export const TOO_DEEP = `the file is nested more than ${DEEPEST} levels deep`;

/** No list of a configuration has as many entries, no mapping nearly as many keys, and no text nearly as many characters. */
export const MOST_ITEMS = 2 ** 20;
export const TOO_MANY_ITEMS = `a list has more than ${MOST_ITEMS} entries`;
export const MOST_KEYS = 1000;
export const TOO_MANY_KEYS = `a mapping has more than ${MOST_KEYS} keys`;
export const LONGEST_TEXT = 16 * 1024;

export interface Content {
  value: unknown;
  /** Wrong, yet the rest could be read. */
  complaints: Complaint[];
}

/** Adds a key to a mapping. Answers false where it is there already; the first value stays. */
export function putKey(mapping: Record<string, unknown>, key: string, value: unknown): boolean {
  if (Object.hasOwn(mapping, key)) return false;
  // An assignment to __proto__ would change the prototype instead of adding a key.
  if (key === "__proto__") Object.defineProperty(mapping, key, { value, enumerable: true });
  else mapping[key] = value;
  return true;
}

export function duplicateKey(key: string): string {
  return `the key ${quote(key)} is here twice; keep one`;
}
