/** Turns the text of a configuration file, YAML or JSON, into values, and finds the places of values in it. */

import { readFull } from "./full.ts";
import { positionsOf } from "./lines.ts";
import type { Position } from "./lines.ts";
import { readSimple } from "./simple.ts";
import type { SimpleReading } from "./simple.ts";
import { Wanted } from "./wanted.ts";
import type { Complaint, Content, Path } from "./wanted.ts";

/** Sizes up to which the full YAML reader stays below 50 MB: it takes 2 to 3 kB for every one of these marks. */
const MOST_FULL_LENGTH = 128 * 1024;
const MOST_FULL_MARKS = 10_000;
const MARK = /[[\]{},&*]|[-:?](?=\s)/g;

/** Control characters that no text file has; a carriage return only ends a line together with a newline. */
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)/;

export type Reading = Content | { stopped: Complaint[] };

export function readText(text: string, name: string, wanted = new Wanted()): Reading {
  const control = text.search(CONTROL);
  if (control >= 0) {
    const code = text.charCodeAt(control).toString(16).padStart(2, "0");
    const what = code === "0d" ? "there is a carriage return in the middle of a line" : `there is a control character (0x${code})`;
    return { stopped: [{ offset: control, message: `${what}; a configuration file is plain text` }] };
  }
  const simple = readSimple(text, wanted);
  if ("value" in simple) return simple;
  if (simple.doubt === "wrong" || name.endsWith(".json")) return { stopped: [simple.stopped] };
  if (isLarge(text)) return { stopped: [tooLargeFor(simple)] };
  wanted.forget();
  const full = readFull(text, wanted);
  // Where neither gets through, the simple reader's words are closer to what the operator sees.
  return "stopped" in full && simple.doubt === "doubtful" ? { stopped: [simple.stopped] } : full;
}

/** Where the paths of a text that could be read are. A key's place is that of its name, where `ofKey` says so. */
export function locate(text: string, name: string, places: readonly { path: Path; ofKey: boolean }[]): number[] {
  const wanted = new Wanted();
  const found = places.map(({ path }) => wanted.at(path));
  readText(text, name, wanted);
  return found.map((place, index) => Math.max(0, places[index]?.ofKey ? place.keyOffset : place.valueOffset));
}

/** The line of every item of a list. */
export function itemLines(text: string, offsets: readonly number[]): Uint32Array {
  return Uint32Array.from(positionsOf(text, offsets), (position: Position) => position.line);
}

function isLarge(text: string): boolean {
  return text.length > MOST_FULL_LENGTH || (text.match(MARK)?.length ?? 0) > MOST_FULL_MARKS;
}

function tooLargeFor(reading: Exclude<SimpleReading, Content>): Complaint {
  const { offset, message } = reading.stopped;
  const demand = `A file of this size has to be JSON or simple YAML: every text on one line, no anchors, aliases or tags`;
  return { offset, message: `${message}. ${demand}` };
}
