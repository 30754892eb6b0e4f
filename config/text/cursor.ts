/** Moves over text: gaps, lines, comments, and the scalars of JSON and YAML that are on one line. */

import { quote } from "../../agent/values/quote.ts";
import { LONGEST_TEXT } from "./wanted.ts";

/**
 * How sure a reader is when it stops: `wrong` is no YAML at all, `doubtful` is most likely a mistake but may be
 * YAML, and `unsupported` is YAML that only the full reader knows.
 */
export type Doubt = "wrong" | "doubtful" | "unsupported";

export class Stop extends Error {
  readonly offset: number;
  readonly doubt: Doubt;
  constructor(offset: number, message: string, doubt: Doubt = "doubtful") {
    super(message);
    this.offset = offset;
    this.doubt = doubt;
  }
}

const code = (character: string): number => character.charCodeAt(0);
const TAB = code("\t");
const NEWLINE = code("\n");
const RETURN = code("\r");
const SPACE = code(" ");
const QUOTE = code('"');
const HASH = code("#");
const APOSTROPHE = code("'");
export const COMMA = code(",");
export const DASH = code("-");
export const COLON = code(":");
const QUESTION = code("?");
const BACKSLASH = code("\\");
export const LIST_START = code("[");
export const LIST_END = code("]");
export const MAPPING_START = code("{");
export const MAPPING_END = code("}");
/** Three dashes or dots alone begin or end a document. */
const MARKER = /^(---|\.\.\.)$/;
const NEVER_FIRST = new Set([..."&*!|>"].map(code));
/** YAML gives these no meaning at the begin of a value, and allows none to begin with them. */
const RESERVED = new Set([..."@`%"].map(code));

const KEYWORDS = new Map<string, unknown>([
  ["", null],
  ["~", null],
  ["null", null],
  ["Null", null],
  ["NULL", null],
  ["true", true],
  ["True", true],
  ["TRUE", true],
  ["false", false],
  ["False", false],
  ["FALSE", false],
]);
const DECIMAL = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const NUMBER_START = /^[-+.0-9]/;
const OTHER_NUMBER = /^(0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;

export class Cursor {
  protected readonly text: string;
  protected at = 0;
  private lineStart = 0;
  /** Whether the last scalar had no quotes. */
  protected plain = false;

  constructor(text: string) {
    this.text = text;
  }

  protected scalar(inFlow: boolean): string {
    const start = this.at;
    const first = this.peek();
    this.plain = false;
    if (first === QUOTE) this.skipDoubleQuoted();
    else if (first === APOSTROPHE) this.skipSingleQuoted();
    else this.skipPlain(inFlow);
    if (this.at - start > LONGEST_TEXT) throw new Stop(start, `a text is longer than ${LONGEST_TEXT / 1024} kB`, "wrong");
    if (first === QUOTE) return this.unescape(start);
    if (first === APOSTROPHE) return this.text.slice(start + 1, this.at - 1).replaceAll("''", "'");
    this.plain = true;
    const text = this.text.slice(start, this.at);
    if (start === this.lineStart && MARKER.test(text.slice(0, 4).trimEnd()))
      throw new Stop(start, "a second document begins here", "unsupported");
    return text;
  }

  private skipDoubleQuoted(): void {
    const start = this.at;
    for (;;) {
      const character = this.text.charCodeAt(++this.at);
      if (character === QUOTE) break;
      if (character === NEWLINE || Number.isNaN(character)) throw this.unclosed(start);
      if (character === BACKSLASH) this.at++;
    }
    this.at++;
  }

  private unescape(start: number): string {
    const quoted = this.text.slice(start, this.at);
    if (!quoted.includes("\\")) return quoted.slice(1, -1);
    try {
      return JSON.parse(quoted) as string;
    } catch {
      throw new Stop(start, "an escape in quotes that JSON does not have", "unsupported");
    }
  }

  private skipSingleQuoted(): void {
    const start = this.at;
    for (;;) {
      const character = this.text.charCodeAt(++this.at);
      if (character === NEWLINE || Number.isNaN(character)) throw this.unclosed(start);
      if (character !== APOSTROPHE) continue;
      if (this.text.charCodeAt(this.at + 1) !== APOSTROPHE) break;
      this.at++;
    }
    this.at++;
  }

  private unclosed(start: number): Stop {
    return new Stop(start, "the quotes are not closed on this line", this.text.length <= this.at ? "wrong" : "doubtful");
  }

  private skipPlain(inFlow: boolean): void {
    const start = this.at;
    const first = this.peek();
    if (first === QUESTION && this.isGap(start + 1)) throw new Stop(start, "a key in the long form", "unsupported");
    const bare = first === DASH || first === COLON || first === QUESTION;
    if (RESERVED.has(first)) throw new Stop(start, `text that begins with ${this.text[start]} needs quotes: ${this.quotedWord(start)}`);
    if (NEVER_FIRST.has(first))
      throw new Stop(start, `"${this.text[start]}" begins an anchor, alias, tag or text over several lines`, "unsupported");
    if (first === TAB) throw new Stop(start, "there is a tab where only spaces may stand");
    if (first === COMMA || first === HASH || isBracket(first) || (bare && (inFlow ? this.isFlowGap(start + 1) : this.isGap(start + 1)))) {
      throw new Stop(start, `"${this.text[start]}" where a value or key is expected`);
    }
    let end = start;
    for (let index = start; index < this.text.length; index++) {
      const character = this.text.charCodeAt(index);
      if (character === NEWLINE || character === RETURN) break;
      if (character === SPACE || character === TAB) continue;
      if (character === COLON && (inFlow ? this.isFlowGap(index + 1) : this.isGap(index + 1))) break;
      if (character === HASH && index > end) break;
      if (inFlow && (character === COMMA || isBracket(character))) break;
      end = index + 1;
    }
    this.at = end;
  }

  /** The word that begins here, as it would have to be written. */
  private quotedWord(start: number): string {
    const [word = ""] = /^[^\s,[\]{}#]{0,60}/.exec(this.text.slice(start, start + 60)) ?? [];
    return quote(word.replace(/:$/, ""));
  }

  /** Text before a colon. */
  protected key(inFlow: boolean): string {
    const start = this.at;
    const text = this.scalar(inFlow);
    if (this.plain && KEYWORDS.get(text) === null) throw new Stop(start, "a key has to be text", "unsupported");
    return text;
  }

  protected resolve(text: string): unknown {
    if (!this.plain) return text;
    const keyword = KEYWORDS.get(text);
    if (keyword !== undefined) return keyword;
    if (!NUMBER_START.test(text)) return text;
    if (DECIMAL.test(text)) return Number(text);
    if (OTHER_NUMBER.test(text)) throw new Stop(this.at, "a number that is not decimal", "unsupported");
    return text;
  }

  protected skipToContent(): void {
    for (;;) {
      this.skipSpaces();
      if (this.peek() === TAB) {
        this.skipGap();
        if (!this.atLineEnd()) throw new Stop(this.at - 1, "the indentation has a tab; use spaces");
      }
      if (this.atEnd() || !this.atLineEnd()) return;
      this.nextLine();
    }
  }

  protected skipSpaces(): void {
    while (this.peek() === SPACE) this.at++;
  }

  protected skipGap(): void {
    while (this.peek() === SPACE || this.peek() === TAB) this.at++;
  }

  /** Whether only a comment may still be on this line. */
  protected atLineEnd(): boolean {
    const next = this.peek();
    if (next === NEWLINE || next === RETURN || Number.isNaN(next)) return true;
    return next === HASH && (this.at === this.lineStart || this.isGap(this.at - 1));
  }

  protected nextLine(): void {
    const newline = this.text.indexOf("\n", this.at);
    this.at = newline < 0 ? this.text.length : newline + 1;
    this.lineStart = this.at;
  }

  protected peek(): number {
    return this.text.charCodeAt(this.at);
  }

  protected column(): number {
    return this.at - this.lineStart;
  }

  protected atEnd(): boolean {
    return this.at >= this.text.length;
  }

  protected isGap(index: number): boolean {
    const character = this.text.charCodeAt(index);
    return character === SPACE || character === NEWLINE || character === RETURN || character === TAB || Number.isNaN(character);
  }

  protected isFlowGap(index: number): boolean {
    const character = this.text.charCodeAt(index);
    return this.isGap(index) || character === COMMA || isBracket(character);
  }
}

function isBracket(character: number): boolean {
  return character === LIST_START || character === LIST_END || character === MAPPING_START || character === MAPPING_END;
}
