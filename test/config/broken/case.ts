/** The files beside this one hold configurations that are wrong, mostly in one way each, and what the operator reads about it. */

/** What is wrong, the text, and every problem as it is said. */
export type BrokenFile = readonly [what: string, text: string, ...says: string[]];

/** A file whose one rule holds this. */
export function rule(body: string): string {
  return `version: 1\nrules:\n  - name: a\n    action: block\n    ${body}\n`;
}
