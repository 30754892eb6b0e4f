/** Measures the width of a terminal, and fits text into it. */

import { stripVTControlCharacters } from "node:util";

const USUAL_WIDTH = 80;
const LEAST_WIDTH = 20;
/** Characters of East Asia and pictures take two columns. Marks that join the character before them take none. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const JOINED = /[\p{Mn}\p{Me}]/u;

/** Returns undefined if the output is not a terminal: scripts get whole lines. COLUMNS, if set, wins over the terminal's own width. */
export function terminalWidth(stream: Pick<NodeJS.WriteStream, "isTTY" | "columns"> = process.stdout): number | undefined {
  if (!stream.isTTY) return undefined;
  return Math.max(LEAST_WIDTH, Number(process.env["COLUMNS"]) || stream.columns || USUAL_WIDTH);
}

/** Returns how many columns a text takes on a terminal, without the colours in it. */
export function widthOf(text: string): number {
  const plain = stripVTControlCharacters(text);
  if (/^[\x20-\x7e]*$/.test(plain)) return plain.length;
  return [...plain].reduce((sum, character) => sum + (WIDE.test(character) ? 2 : JOINED.test(character) ? 0 : 1), 0);
}

/** Cuts a plain text to a width: at its end, or in its middle if both ends matter, as in an address with a port. */
export function shortened(text: string, width: number, where: "end" | "middle" = "end"): string {
  if (widthOf(text) <= width) return text;
  const characters = [...text];
  const tail = where === "middle" ? Math.floor((width - 1) / 2) : 0;
  let [head, end] = ["", ""];
  for (const character of characters) {
    if (widthOf(head + character) > width - 1 - tail) break;
    head += character;
  }
  for (const character of characters.toReversed()) {
    if (widthOf(character + end) > tail) break;
    end = character + end;
  }
  return `${head}…${end}`;
}

/** Breaks a line between words. Further lines stand below the text behind a label, as in `rules    7 loaded, ...`. */
export function folded(line: string, width: number, indent = indentOf(line)): string[] {
  if (widthOf(line) <= width) return [line];
  const lines: string[] = [];
  let current = "";
  for (const [index, part] of line.split(/(?<=\S)(?= )/).entries()) {
    if (index > 0 && widthOf(current) > indent && widthOf(current + part) > width) {
      lines.push(current);
      current = " ".repeat(indent) + part.trimStart();
    } else current += part;
  }
  return [...lines, current];
}

function indentOf(line: string): number {
  const [before = ""] = /^ *(?:\S+ {2,})?/.exec(stripVTControlCharacters(line)) ?? [];
  return Math.min(before.length, USUAL_WIDTH / 4) || 2;
}
