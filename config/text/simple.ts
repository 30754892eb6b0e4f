/**
 * Reads JSON, and the YAML that people write in configuration files: block and flow collections, comments,
 * plain and quoted text on one line. It needs a tenth of the time and memory of a full YAML reader, and it
 * either reads exactly what YAML 1.2 says or stops and names what it met, so that the full reader can go on.
 */

import { COLON, COMMA, Cursor, DASH, LIST_END, LIST_START, MAPPING_END, MAPPING_START, Stop } from "./cursor.ts";
import type { Doubt } from "./cursor.ts";
import { DEEPEST, duplicateKey, MOST_ITEMS, MOST_KEYS, putKey, TOO_DEEP, TOO_MANY_ITEMS, TOO_MANY_KEYS } from "./wanted.ts";
import type { Complaint, Content, Wanted } from "./wanted.ts";

export type SimpleReading = Content | { stopped: Complaint; doubt: Doubt };

export function readSimple(text: string, wanted: Wanted): SimpleReading {
  const reader = new SimpleReader(text);
  try {
    return { value: reader.document(wanted), complaints: reader.complaints };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { stopped: { offset: error.offset, message: error.message }, doubt: error.doubt };
  }
}

class SimpleReader extends Cursor {
  readonly complaints: Complaint[] = [];

  document(wanted: Wanted): unknown {
    this.skipToContent();
    if (this.column() === 0 && this.text.startsWith("---", this.at) && this.isGap(this.at + 3)) {
      this.at += 3;
      this.endLine();
    }
    if (this.atEnd()) return null;
    wanted.valueOffset = this.at;
    const value = this.block(1, wanted);
    if (!this.atEnd()) throw new Stop(this.at, "the indentation is that of no line above");
    return value;
  }

  // Every method that reads a block value ends at the next content, which is the first of its line.

  private block(depth: number, wanted: Wanted | undefined): unknown {
    const first = this.peek();
    if (first === DASH && this.isGap(this.at + 1)) return this.blockList(depth, wanted);
    if (first === LIST_START || first === MAPPING_START) return this.lastOfLine(this.flow(depth, wanted));
    const start = this.at;
    const text = this.scalar(false);
    this.skipSpaces();
    if (this.peek() === COLON && this.isGap(this.at + 1)) {
      this.at = start;
      return this.blockMapping(depth, wanted);
    }
    return this.lastOfLine(this.resolve(text));
  }

  private blockList(depth: number, wanted: Wanted | undefined): unknown[] {
    const column = this.enter(depth);
    const items: unknown[] = [];
    do {
      this.refuseMore(items);
      const dash = this.at++;
      this.skipSpaces();
      const sameLine = !this.atLineEnd();
      if (!sameLine) this.skipToContent();
      const present = sameLine || (!this.atEnd() && this.column() > column);
      const child = wanted?.note(items.length, dash, present ? this.at : dash);
      items.push(present ? this.block(depth + 1, child) : null);
      this.refuseDeeper(column);
    } while (!this.atEnd() && this.column() === column && this.peek() === DASH && this.isGap(this.at + 1));
    return items;
  }

  private blockMapping(depth: number, wanted: Wanted | undefined): Record<string, unknown> {
    const column = this.enter(depth);
    const mapping: Record<string, unknown> = {};
    let keys = 0;
    do {
      const keyAt = this.nextKey(++keys);
      const key = this.key(false);
      this.skipSpaces();
      if (this.peek() !== COLON || !this.isGap(this.at + 1)) throw new Stop(keyAt, 'a key needs ":" and a space after it');
      this.at++;
      this.skipSpaces();
      this.put(mapping, key, keyAt, this.blockValue(depth, column, keyAt, key, wanted));
      this.refuseDeeper(column);
    } while (!this.atEnd() && this.column() === column);
    return mapping;
  }

  private blockValue(depth: number, column: number, keyAt: number, key: string, wanted: Wanted | undefined): unknown {
    if (this.atLineEnd()) {
      this.skipToContent();
      const inside = this.column() > column || (this.column() === column && this.peek() === DASH && this.isGap(this.at + 1));
      const present = !this.atEnd() && inside;
      const child = wanted?.note(key, keyAt, present ? this.at : keyAt);
      return present ? this.block(depth + 1, child) : null;
    }
    const child = wanted?.note(key, keyAt, this.at);
    const first = this.peek();
    if (first === LIST_START || first === MAPPING_START) return this.lastOfLine(this.flow(depth + 1, child));
    return this.lastOfLine(this.resolve(this.scalar(false)));
  }

  private flow(depth: number, wanted: Wanted | undefined): unknown {
    this.enter(depth);
    return this.peek() === LIST_START ? this.flowList(depth, wanted) : this.flowMapping(depth, wanted);
  }

  private flowList(depth: number, wanted: Wanted | undefined): unknown[] {
    const start = this.at++;
    const items: unknown[] = [];
    while (this.flowContent(start) !== LIST_END) {
      this.refuseMore(items);
      const child = wanted?.note(items.length, this.at, this.at);
      items.push(this.flowValue(depth, child));
      this.flowSeparator(start, LIST_END);
    }
    this.at++;
    return items;
  }

  private flowMapping(depth: number, wanted: Wanted | undefined): Record<string, unknown> {
    const start = this.at++;
    const mapping: Record<string, unknown> = {};
    let keys = 0;
    while (this.flowContent(start) !== MAPPING_END) {
      const keyAt = this.nextKey(++keys);
      const key = this.key(true);
      const plainKey = this.plain;
      if (this.flowContent(start) !== COLON || (plainKey && !this.isFlowGap(this.at + 1)))
        throw new Stop(keyAt, 'a key needs ":" after it');
      this.at++;
      const next = this.flowContent(start);
      const child = wanted?.note(key, keyAt, this.at);
      this.put(mapping, key, keyAt, next === COMMA || next === MAPPING_END ? null : this.flowValue(depth, child));
      this.flowSeparator(start, MAPPING_END);
    }
    this.at++;
    return mapping;
  }

  private flowValue(depth: number, wanted: Wanted | undefined): unknown {
    const first = this.peek();
    if (first === LIST_START || first === MAPPING_START) return this.flow(depth + 1, wanted);
    return this.resolve(this.scalar(true));
  }

  private flowSeparator(start: number, end: number): void {
    const next = this.flowContent(start);
    if (next === COMMA) this.at++;
    else if (next !== end) throw new Stop(this.at, `"," or "${String.fromCharCode(end)}" is missing before this`);
  }

  /** Moves to the next content inside brackets and answers its first character. */
  private flowContent(start: number): number {
    for (;;) {
      this.skipGap();
      if (this.atEnd()) throw new Stop(start, `"${this.text[start]}" is never closed: the file ends inside it`, "wrong");
      if (!this.atLineEnd()) return this.peek();
      this.nextLine();
    }
  }

  /** The value, once nothing else is on its line. */
  private lastOfLine<T>(value: T): T {
    this.endLine();
    return value;
  }

  private endLine(): void {
    this.skipGap();
    if (!this.atLineEnd()) throw new Stop(this.at, "there is more after the end of the value; it may need quotes");
    this.skipToContent();
  }

  private enter(depth: number): number {
    if (depth > DEEPEST) throw new Stop(this.at, TOO_DEEP, "wrong");
    return this.column();
  }

  private nextKey(keys: number): number {
    if (keys > MOST_KEYS) throw new Stop(this.at, TOO_MANY_KEYS, "wrong");
    return this.at;
  }

  private refuseMore(items: readonly unknown[]): void {
    if (items.length >= MOST_ITEMS) throw new Stop(this.at, TOO_MANY_ITEMS, "wrong");
  }

  private refuseDeeper(column: number): void {
    if (!this.atEnd() && this.column() > column) throw new Stop(this.at, "the indentation is that of no line above");
  }

  private put(mapping: Record<string, unknown>, key: string, offset: number, value: unknown): void {
    if (!putKey(mapping, key, value)) this.complaints.push({ offset, message: duplicateKey(key) });
  }
}
