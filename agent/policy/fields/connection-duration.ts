/** The field `layer4.connection_duration`: how long the connection has been open when a packet comes. */

import { Rule } from "../../generated/layout.ts";
import { parseDuration, secondsOf } from "../../values/duration.ts";
import { BOTH_WAYS, type Field, known, mappingOf, shown, type Want, worded } from "./field.ts";
import { word } from "./option-text.ts";

interface Duration {
  longer_than?: string;
  shorter_than?: string;
}

declare module "../rule.ts" {
  interface Layer4Config {
    connection_duration?: Duration;
  }
}

export const CONNECTION_DURATION = {
  schema: {
    title: "Connection duration",
    description:
      "The connection has been open for longer or shorter than this. weir asks this of each packet of both ends. Write a whole number of s, m, h or d.",
    type: "object",
    additionalProperties: false,
    minProperties: 1,
    examples: [{ longer_than: "1h" }],
    properties: {
      longer_than: {
        title: "Longer than",
        description: "The connection is older than this.",
        type: "string",
        format: "duration",
        examples: ["1h"],
      },
      shorter_than: {
        title: "Shorter than",
        description: "The connection is younger than this.",
        type: "string",
        format: "duration",
        examples: ["30s"],
      },
    },
  },
  check(value, _, complain) {
    const { longer_than, shorter_than } = mappingOf(value);
    const [least, most] = [longer_than, shorter_than].map((text) => (typeof text === "string" ? parseDuration(text) : undefined));
    if (least === undefined || most === undefined || least < most) return;
    complain(["shorter_than"], `no connection is older than ${String(longer_than)} and younger than ${String(shorter_than)}`, {
      value: shorter_than,
    });
  },
  options: {
    "longer-than": { key: "longer_than", value: "DURATION", about: "match only connections that are older, as 1h", read: word },
    "shorter-than": { key: "shorter_than", value: "DURATION", about: "match only connections that are younger, as 30s", read: word },
  },
  text: {
    place: "packet",
    words({ layer4: { connection_duration: { longer_than, shorter_than } = {} } = {} }) {
      return [
        ...(longer_than === undefined ? [] : worded("lasting longer than ", [longer_than])),
        ...(shorter_than === undefined ? [] : worded("lasting shorter than ", [shorter_than])),
      ];
    },
  },
  directions: BOTH_WAYS,
  operators: { longer_than: "is older", shorter_than: "is younger", both: "is older than the first and younger than the second" },
  judged: "each_packet",
  wants: ({ layer4 }) => (layer4?.connection_duration === undefined ? [] : [wantDuration(layer4.connection_duration)]),
  got: ({ age }) => shown(age, (seconds) => `${Math.floor(seconds)}s`),
  write({ layer4 }, bytes) {
    const { longer_than, shorter_than } = layer4?.connection_duration ?? {};
    if (longer_than !== undefined) bytes.setUint32(Rule.longer_than, secondsOf(longer_than));
    if (shorter_than !== undefined) bytes.setUint32(Rule.shorter_than, secondsOf(shorter_than));
  },
} satisfies Field;

function wantDuration({ longer_than, shorter_than }: Duration): Want {
  const least = longer_than === undefined ? -Infinity : parseDuration(longer_than)!;
  const most = shorter_than === undefined ? Infinity : parseDuration(shorter_than)!;
  return {
    operator: longer_than === undefined ? "shorter_than" : shorter_than === undefined ? "longer_than" : "both",
    text: [
      ...(longer_than === undefined ? [] : [`longer than ${longer_than}`]),
      ...(shorter_than === undefined ? [] : [`shorter than ${shorter_than}`]),
    ].join(", "),
    holds: ({ age }) => known(age, (seconds) => seconds > least && seconds < most),
  };
}
