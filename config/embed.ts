/** Generated parts of a page, between markers that are comments. */

import { readFileSync, writeFileSync } from "node:fs";

/** The text with `content` between the markers of that name, which must be there. */
export function embed(text: string, name: string, content: string): string {
  const begin = `<!-- ${name}: begin -->`;
  const end = `<!-- ${name}: end -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the text lacks the lines ${begin} and ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n${text.slice(to)}`;
}

/** Brings that part of a page up to date. */
export function embedInPage(page: string, name: string, content: string): void {
  writeFileSync(page, embed(readFileSync(page, "utf8"), name, content));
}
