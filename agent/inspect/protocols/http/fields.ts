/** The fields of a header block, and how long a block may be. */

import { NotDecided } from "../../undecided.ts";

export const MOST_BLOCK = 16 * 1024;
const MOST_FIELDS = 100;

export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export class Fields {
  readonly #values = new Map<string, string[]>();
  #count = 0;

  add(name: string, value: string): void {
    if (++this.#count > MOST_FIELDS) throw new NotDecided("too_long");
    const key = name.toLowerCase();
    const values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, [value]);
    else values.push(value);
  }

  /** The values of all fields of this name, which is in lower case. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** The members of a list, which may be spread over several fields, in lower case. */
  list(name: string): string[] {
    const members = this.all(name).flatMap((value) => value.toLowerCase().split(","));
    return members.map((member) => member.trim()).filter((member) => member !== "");
  }

  toRecord(): Record<string, string> {
    return Object.fromEntries([...this.#values].map(([name, values]) => [name, values.join(name === "cookie" ? "; " : ", ")]));
  }
}

/** Reads a line of a header block of HTTP/1. */
export function addLine(fields: Fields, line: string): void {
  if (line.startsWith(" ") || line.startsWith("\t")) throw new NotDecided("ambiguous");
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon));
  if (TOKEN.test(name.trimEnd()) && name !== name.trimEnd()) throw new NotDecided("ambiguous");
  if (!TOKEN.test(name)) throw new NotDecided("malformed");
  fields.add(name, trimmed(line, colon + 1));
}

/** Returns the value from here on without the spaces and tabs around it. Other white space belongs to a value. */
function trimmed(line: string, from: number): string {
  const isSpace = (at: number): boolean => line[at] === " " || line[at] === "\t";
  let [start, end] = [from, line.length];
  while (start < end && isSpace(start)) start++;
  while (end > start && isSpace(end - 1)) end--;
  return line.slice(start, end);
}
