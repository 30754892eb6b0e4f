/** How text that someone else wrote appears in a message: bounded, and with nothing a terminal would obey. */

const LONGEST = 60;

/** Control, format (as text direction), surrogate, private and unassigned characters, and the separators of lines. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

function escape(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  const code = character.codePointAt(0) as number;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}

/** Text for a message, without quotation marks. */
export function printable(text: string, longest = LONGEST): string {
  const shown = text.length > longest ? `${text.slice(0, longest)}...` : text;
  return shown.replace(UNPRINTABLE, escape);
}

/** Text for a message, in quotation marks. */
export function quote(text: string): string {
  return `"${printable(text)}"`;
}

/** Any value of a configuration file, for a message. Large ones are named, not shown. */
export function describeValue(value: unknown): string {
  if (value === null) return "nothing";
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object") return "a mapping";
  return String(value);
}

/** Whether a line of a log can show the text as it is. */
export function isPrintable(text: string): boolean {
  return text.search(UNPRINTABLE) === -1;
}
