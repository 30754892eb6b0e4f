/** Is this HTTP? Lines of other protocols also begin with a word and a space, such as those of SMTP and Redis. */

import { beginsWith, type Side } from "../../parser.ts";

/** A client begins HTTP/2 with these bytes. */
export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Readers accept these even without a version behind the target. */
const USUAL = /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|TRACE|PATCH) +(?:\/|https?:\/\/)/i;
const REQUEST_BEGINS = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t][^\n]*)?$/;
/** A first line that is longer than this is one of HTTP if it begins like one. */
const LONGEST = 8 * 1024;

function isRequest(line: string, isWhole: boolean): boolean | undefined {
  if (USUAL.test(line)) return true;
  if (!REQUEST_BEGINS.test(line)) return false;
  if (isWhole) return /[ \t]HTTP\/\d/i.test(line);
  return line.length < LONGEST ? undefined : /[ \t]/.test(line);
}

export function recogniseHttp1(side: Side, first: Uint8Array): boolean | undefined {
  if (side === "server") return beginsWith(first, Buffer.from("HTTP/1."));
  const isPreface = beginsWith(first, PREFACE.subarray(0, 14));
  if (isPreface !== false) return isPreface === true ? false : undefined;
  // A request may be behind empty lines.
  let start = 0;
  while (first[start] === 0x0d || first[start] === 0x0a) start++;
  if (start === first.length) return undefined;
  const text = Buffer.from(first.subarray(start, start + LONGEST)).toString("latin1");
  const end = text.indexOf("\n");
  return isRequest(end < 0 ? text : text.slice(0, end).replace(/\r$/, ""), end >= 0);
}

/** A server may send its settings before it has read anything. */
export function recogniseHttp2(side: Side, first: Uint8Array): boolean | undefined {
  if (side === "client") return beginsWith(first, PREFACE);
  const [high, middle, low, ...rest] = first.subarray(0, 9);
  if (high !== 0 || (middle ?? 0) > 1) return false;
  const isSettings = beginsWith(Uint8Array.from(rest), Uint8Array.of(4, 0, 0, 0, 0, 0));
  return isSettings === true ? (middle! * 256 + low!) % 6 === 0 : isSettings;
}
