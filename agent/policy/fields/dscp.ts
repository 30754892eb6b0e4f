/**
 * The field `layer3.dscp`: the differentiated services code point (RFC 2474) of each packet.
 *
 * Each packet of both ends is asked for it, because the two ends mark their packets separately, a program may change its mark,
 * and routers may rewrite it. An ICMP error has the mark of its own header. Inside a tunnel, rules ask for the mark of the inner
 * header.
 */

import { Rule } from "../../generated/layout.ts";
import { nearest } from "../../values/nearest.ts";
import { quote } from "../../values/quote.ts";
import { BOTH_WAYS, type Field, listOf, shown, worded } from "./field.ts";
import { numbers } from "./option-text.ts";

type Mark = string | number;

declare module "../rule.ts" {
  interface Layer3Config {
    /** Names or numbers. */
    dscp?: Mark[];
  }
}

const HIGHEST = 63;

/** The names that IANA registered; df, the default, is cs0. */
const NAMES: Readonly<Record<string, number>> = {
  ...Object.fromEntries([0, 1, 2, 3, 4, 5, 6, 7].map((selector) => [`cs${selector}`, selector << 3])),
  ...Object.fromEntries(
    [1, 2, 3, 4].flatMap((queue) => [1, 2, 3].map((precedence) => [`af${queue}${precedence}`, (queue << 3) | (precedence << 1)])),
  ),
  df: 0,
  le: 1,
  va: 44,
  ef: 46,
};

export const DSCP = {
  schema: {
    title: "DSCP",
    description:
      "A packet has one of these DSCP marks (differentiated services code points). Write numbers, or the names cs0 to cs7, af11 to af43, df, le, va and ef. weir asks this of each packet of both ends, and inside a tunnel it asks about the inner header.",
    type: "array",
    uniqueItems: true,
    items: { type: ["integer", "string"], minimum: 0, maximum: HIGHEST, format: "dscp" },
    examples: [
      ["cs6", "cs7"],
      ["ef", 44],
    ],
  },
  formats: {
    dscp(value) {
      if (Object.hasOwn(NAMES, value)) return undefined;
      const suggestion = /^[0-9]{1,2}$/.test(value) ? value : nearest(value, Object.keys(NAMES));
      return {
        error: `${quote(value)} is not the name of a code point, as cs6, af41 or ef`,
        ...(suggestion === undefined ? {} : { suggestion }),
      };
    },
  },
  check(value, _, complain) {
    const seen = new Map<number, unknown>();
    for (const [index, mark] of listOf(value).entries()) {
      const number = numberOf(mark);
      if (number === undefined) continue;
      const before = seen.get(number);
      if (before !== undefined && before !== mark)
        complain([index], `${String(mark)} is the same code point as ${String(before)}`, { value: mark });
      seen.set(number, mark);
    }
  },
  options: { dscp: { value: "LIST", about: "code points of differentiated services, as ef,cs6 or 46", read: numbers } },
  text: { place: "packet", words: ({ layer3 }) => worded("marked ", layer3?.dscp) },
  directions: BOTH_WAYS,
  operators: { name: "has the mark of this name", number: "has this mark" },
  judged: "each_packet",
  wants: ({ layer3 }) =>
    (layer3?.dscp ?? []).map((mark) => ({
      operator: typeof mark === "string" ? "name" : "number",
      text: String(mark),
      holds: ({ dscp }) => (dscp === undefined ? undefined : dscp === numberOf(mark)),
    })),
  got: ({ dscp }) => shown(dscp, nameOf),
  write: ({ layer3 }, bytes) =>
    bytes.setUint64(
      Rule.dscp,
      (layer3?.dscp ?? []).reduce((bits, mark) => bits | (1n << BigInt(numberOf(mark)!)), 0n),
    ),
} satisfies Field;

function numberOf(mark: unknown): number | undefined {
  return typeof mark === "string" ? NAMES[mark] : typeof mark === "number" ? mark : undefined;
}

function nameOf(dscp: number): string {
  return Object.keys(NAMES).find((name) => NAMES[name] === dscp) ?? String(dscp);
}
