/**
 * Reads everything YAML 1.2 has, for files that the simple reader stops at. Aliases are shared, not copied;
 * what they would come to is counted, and refused beyond a bound.
 */

import { isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { Alias, Node, Pair, YAMLMap, YAMLSeq } from "yaml";
import { printable } from "../../agent/values/quote.ts";
import { DEEPEST, duplicateKey, MOST_KEYS, putKey, TOO_DEEP, TOO_MANY_KEYS } from "./wanted.ts";
import type { Complaint, Content, Wanted } from "./wanted.ts";

/** Values of a file with every alias written out. */
const MOST_VALUES = 100_000;
const MOST_ERRORS = 5;
/** Where the library's own words are not for operators. */
const MESSAGES: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "a second document begins here; a configuration is one document",
  // The library is recursive, and deep nesting ends its stack.
  RESOURCE_EXHAUSTION: TOO_DEEP,
};

export type FullReading = Content | { stopped: Complaint[] };

export function readFull(text: string, wanted: Wanted): FullReading {
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, logLevel: "error" });
  // What follows the first few is mostly their consequence.
  const wrong = [...document.errors, ...document.warnings].slice(0, MOST_ERRORS);
  if (wrong.length > 0) {
    return { stopped: wrong.map(({ code, message, pos }) => ({ offset: pos[0], message: MESSAGES[code] ?? sentence(message) })) };
  }
  const converter = new Converter();
  try {
    return { value: converter.convert(document.contents, 1, wanted).value, complaints: converter.complaints };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { stopped: [{ offset: error.offset, message: error.message }] };
  }
}

class Refusal extends Error {
  readonly offset: number;
  constructor(node: Node, message: string) {
    super(message);
    this.offset = offsetOf(node);
  }
}

/** A value, how many values it holds with itself, and how many levels. */
interface Converted {
  value: unknown;
  size: number;
  height: number;
}

class Converter {
  readonly complaints: Complaint[] = [];
  private readonly anchors = new Map<string, Converted>();
  private total = 0;

  convert(node: Node | null, depth: number, wanted: Wanted | undefined): Converted {
    if (node === null) return { value: null, size: 1, height: 0 };
    if (isAlias(node)) return this.alias(node, depth);
    this.count(node, 1);
    const converted = isMap(node)
      ? this.mapping(node, depth, wanted)
      : isSeq(node)
        ? this.list(node, depth, wanted)
        : { value: isScalar(node) ? node.value : null, size: 1, height: 0 };
    if (!isAlias(node) && node.anchor !== undefined) this.anchors.set(node.anchor, converted);
    return converted;
  }

  private alias(node: Alias, depth: number): Converted {
    const target = this.anchors.get(node.source);
    if (target === undefined)
      throw new Refusal(node, `no anchor &${printable(node.source)} ends before this alias; text that begins with * needs quotes`);
    this.count(node, target.size);
    if (depth + target.height - 1 > DEEPEST) throw new Refusal(node, TOO_DEEP);
    return target;
  }

  private list(node: YAMLSeq, depth: number, wanted: Wanted | undefined): Converted {
    const value: unknown[] = [];
    const whole = this.collection(node, depth, value);
    for (const [index, item] of (node.items as (Node | null)[]).entries()) {
      const child = wanted?.note(index, offsetOf(item ?? node), offsetOf(item ?? node));
      const converted = this.convert(item, depth + 1, child);
      value.push(converted.value);
      grow(whole, converted);
    }
    return whole;
  }

  private mapping(node: YAMLMap, depth: number, wanted: Wanted | undefined): Converted {
    const value: Record<string, unknown> = {};
    const whole = this.collection(node, depth, value);
    if (node.items.length > MOST_KEYS) throw new Refusal(node, TOO_MANY_KEYS);
    for (const { key, value: item } of node.items as Pair<Node, Node | null>[]) {
      if (!isScalar(key) || key.value === null) throw new Refusal(key ?? node, "a key has to be text");
      const name = String(key.source ?? key.value);
      const child = wanted?.note(name, offsetOf(key), offsetOf(isEmpty(item) ? key : item));
      const converted = this.convert(item, depth + 1, child);
      if (!putKey(value, name, converted.value)) this.complaints.push({ offset: offsetOf(key), message: duplicateKey(name) });
      grow(whole, converted);
    }
    return whole;
  }

  private collection(node: Node, depth: number, value: unknown): Converted {
    if (depth > DEEPEST) throw new Refusal(node, TOO_DEEP);
    return { value, size: 1, height: 1 };
  }

  private count(node: Node, values: number): void {
    this.total += values;
    if (this.total > MOST_VALUES) throw new Refusal(node, `with its aliases written out, the file has more than ${MOST_VALUES} values`);
  }
}

function grow(whole: Converted, part: Converted): void {
  whole.size += part.size;
  whole.height = Math.max(whole.height, part.height + 1);
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

function isEmpty(node: Node | null): node is null {
  return node === null || (isScalar(node) && node.value === null);
}

function sentence(message: string): string {
  const shown = printable(message, 200);
  return shown.charAt(0).toLowerCase() + shown.slice(1);
}
