/** The field `layer4.over_rate`: packets or connections that come faster than a rate. */

import { Rule } from "../../generated/layout.ts";
import type { Misreading } from "../../values/address.ts";
import { parseDuration, unitOf } from "../../values/duration.ts";
import { misreading } from "../../values/json-schema.ts";
import { quote } from "../../values/quote.ts";
import type { MeterBy } from "../rule.ts";
import { BOTH_WAYS, type Complain, type Field, known, mappingOf, shown, type Want, worded } from "./field.ts";
import { BY, METERS, ofCount } from "./meter.ts";
import { number, word } from "./option-text.ts";

type Per = "packet" | "connection";
type Value = string | { rate: string; burst?: number; by: MeterBy; per: Per };

declare module "../rule.ts" {
  interface Layer4Config {
    /** A plain rate counts packets by source. */
    over_rate?: Value;
  }
}

const MOST = 10_000_000;
const LONGEST_DAYS = 1;
/** The limit is longer than anybody waits, and short enough for the clock of the kernel. */
const LONGEST_BURST_DAYS = 365;
const NS = 1_000_000_000n;

export const OVER_RATE = {
  schema: {
    title: "Over rate",
    description:
      "The opener sends packets faster than this rate. Packets over the rate do not count for it. If you write the rate alone, weir counts the packets of each source.",
    type: ["string", "object"],
    format: "rate",
    additionalProperties: false,
    required: ["rate"],
    examples: ["20/s", { rate: "5/10m", per: "connection" }],
    properties: {
      rate: {
        title: "Rate",
        description: "The rate is a number, a slash and a time, as 20/s or 5/10m.",
        type: "string",
        format: "rate",
        examples: ["20/s", "1000/10s", "5/1h"],
      },
      burst: {
        title: "Burst",
        description: "This many may come at once. Without this key, it is the number of the rate.",
        type: "integer",
        minimum: 1,
        maximum: MOST,
        examples: [40],
      },
      by: BY,
      per: {
        title: "Per",
        description:
          "`packet` counts packets. `connection` counts the packets that open connections, and the answer then holds for the whole connection.",
        enum: ["packet", "connection"],
        default: "packet",
        examples: ["connection"],
      },
    },
  },
  formats: { rate: (value) => misreading(readRate(value)) },
  check: (value, _, complain) => checkBurst(mappingOf(value), complain),
  options: {
    "over-rate": { key: "rate", value: "RATE", about: "match only packets above this rate, as 20/s, 1000/10s or 5/1h", read: word },
    burst: { key: "burst", value: "NUMBER", about: "how many packets may come at once (the number of the rate)", read: number },
    by: {
      key: "by",
      value: "WHICH",
      about: "count each source, each destination, or all that the rule matches: rule (source)",
      read: word,
    },
    per: { key: "per", value: "WHAT", about: "count packets, or the packets that open a connection: connection (packet)", read: word },
  },
  text: {
    place: "packet",
    words({ layer4 }) {
      if (layer4?.over_rate === undefined) return [];
      const { count, per, seconds, by } = parseOverRate(layer4.over_rate);
      return worded("over ", [`${count} ${per}s in ${seconds}s by ${by}`]);
    },
  },
  directions: BOTH_WAYS,
  operators: { packets: "packets came faster, this one included", connections: "connections were opened faster, this one included" },
  judged: "by_count",
  wants: ({ name, layer4 }) => (layer4?.over_rate === undefined ? [] : [wantRate(name, parseOverRate(layer4.over_rate))]),
  got: (subject, { name }) =>
    shown(
      ofCount(subject, name, ({ overRate }) => overRate),
      (over) => (over ? "over it" : "within it"),
    ),
  write({ layer4 }, bytes) {
    if (layer4?.over_rate === undefined) return;
    const { count, seconds, burst, by, per } = parseOverRate(layer4.over_rate);
    const interval = (BigInt(seconds) * NS) / BigInt(count);
    bytes.setUint8(Rule.rate_per_connection, per === "connection" ? 1 : 0);
    bytes.setUint8(Rule.rate_by, METERS[by]);
    bytes.setUint64(Rule.rate_interval, interval);
    bytes.setUint64(Rule.rate_burst, interval * BigInt(burst - 1));
    bytes.setUint64(Rule.identity, BigInt(bytes.fingerprint));
  },
} satisfies Field;

interface Rate {
  count: number;
  /** The length of the interval in seconds. */
  seconds: number;
}

/** Reads a rate, which is written as `20/s`, `1000/10s`, `5/1h`. */
function readRate(text: string): { rate: Rate } | Misreading {
  const [, count, time = ""] = /^([0-9]{1,9})\/([0-9a-z]+)$/.exec(text) ?? [];
  const seconds = parseDuration(/^[0-9]/.test(time) ? time : `1${time}`);
  if (seconds === undefined) {
    const suggestion = meantRate(text);
    return { error: `${quote(text)} is not a rate, as 20/s, 1000/10s or 5/1h`, ...(suggestion === undefined ? {} : { suggestion }) };
  }
  const rate = { count: Number(count), seconds };
  if (rate.count < 1 || rate.count > MOST) return { error: `the number of the rate ${text} is outside 1 to ${MOST}` };
  if (rate.seconds < 1 || rate.seconds > LONGEST_DAYS * 86_400)
    return { error: `the time of the rate ${text} is outside 1s to ${LONGEST_DAYS}d` };
  return { rate };
}

/** Returns the rate that a text such as `20/min` or `20 per minute` may mean: `20/m`. */
function meantRate(text: string): string | undefined {
  const [, count, several = "", word = ""] = /^([0-9]{1,9}) ?(?:\/|per) ?(?:([0-9]{1,5}) ?)?([A-Za-z]+)$/.exec(text.trim()) ?? [];
  const unit = unitOf(word);
  return count === undefined || unit === undefined ? undefined : `${count}/${several}${unit}`;
}

export interface OverRate extends Rate {
  burst: number;
  by: MeterBy;
  per: Per;
}

/** Returns the full form of a value that was validated before. Throws a SyntaxError on any other text. */
export function parseOverRate(value: Value): OverRate {
  const {
    rate: text,
    burst,
    by,
    per,
  } = typeof value === "string" ? { rate: value, burst: undefined, by: "source" as const, per: "packet" as const } : value;
  const reading = readRate(text);
  if ("error" in reading) throw new SyntaxError(reading.error);
  return { ...reading.rate, burst: burst ?? reading.rate.count, by, per };
}

function checkBurst({ rate: text, burst }: Record<string, unknown>, complain: Complain): void {
  const reading = typeof text === "string" ? readRate(text) : undefined;
  if (typeof burst !== "number" || reading === undefined || "error" in reading) return;
  const { count, seconds } = reading.rate;
  const days = (burst / count) * (seconds / 86_400);
  if (days > LONGEST_BURST_DAYS)
    complain(["burst"], `at ${String(text)} a burst of ${burst} takes more than ${LONGEST_BURST_DAYS} days to fill up again`, {
      value: burst,
    });
}

function wantRate(rule: string, { count, seconds, burst, by, per }: OverRate): Want {
  return {
    operator: `${per}s`,
    text: `over ${count} ${per}s in ${seconds}s by ${by}${burst === count ? "" : `, ${burst} at once`}`,
    holds: (subject) =>
      known(
        ofCount(subject, rule, ({ overRate, settled }) => settled || overRate),
        (over) => over,
      ),
  };
}
