/** Shortens text that someone else wrote, and removes everything that a terminal would obey, so that a message can show it. */

const LONGEST = 60;

/** Control, format (such as text direction), surrogate, private and unassigned characters, and the separators of lines. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

function escape(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  const code = character.codePointAt(0) as number;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}

/** Makes a text fit for a message, without quotation marks. */
export function printable(text: string, longest = LONGEST): string {
  const shown = text.length > longest ? `${text.slice(0, longest)}...` : text;
  return shown.replace(UNPRINTABLE, escape);
}

/** Makes a text fit for a message, in quotation marks. */
export function quote(text: string): string {
  return `"${printable(text)}"`;
}

/** Describes any value of a configuration file for a message. A large value is named and not shown. */
export function describeValue(value: unknown): string {
  if (value === null) return "nothing";
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object") return "a mapping";
  return String(value);
}

/** Returns whether a line of a log can show the text as it is. */
export function isPrintable(text: string): boolean {
  return text.search(UNPRINTABLE) === -1;
}
