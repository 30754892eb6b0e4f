/** The field `layer4.connections_over`: new connections while more than this many are open already. */

import { Rule } from "../../generated/layout.ts";
import type { Schema } from "../../values/json-schema.ts";
import type { MeterBy } from "../rule.ts";
import { BOTH_WAYS, type Field, known, shown, type Want, worded } from "./field.ts";
import { BY, METERS, ofCount } from "./meter.ts";
import { number, word } from "./option-text.ts";

export interface ConnectionsOver {
  count: number;
  by: MeterBy;
}

declare module "../rule.ts" {
  interface Layer4Config {
    /** A plain number counts by source. */
    connections_over?: number | ConnectionsOver;
  }
}

const RANGE: Schema = { minimum: 1, maximum: 10_000_000 };

export const CONNECTIONS_OVER = {
  schema: {
    title: "Connections over",
    description:
      "The connection is new, and this many that the other fields of the rule match are open already. The answer holds for the whole connection. If you write the number alone, weir counts the connections of each source.",
    type: ["integer", "object"],
    ...RANGE,
    additionalProperties: false,
    required: ["count"],
    examples: [20, { count: 1000, by: "rule" }],
    properties: {
      count: {
        title: "Count",
        description: "This many connections may be open before the rule matches a new one.",
        type: "integer",
        ...RANGE,
        examples: [20],
      },
      by: BY,
    },
  },
  options: {
    "connections-over": {
      key: "count",
      value: "NUMBER",
      about: "match only new connections of a source that has so many open",
      read: number,
    },
    "connections-by": {
      key: "by",
      value: "WHICH",
      about: "count each source, each destination, or all that the rule matches: rule (source)",
      read: word,
    },
  },
  text: {
    place: "packet",
    words({ layer4 }) {
      if (layer4?.connections_over === undefined) return [];
      const { count, by } = connectionsOver(layer4.connections_over);
      return worded("with over ", [`${count} others open by ${by}`]);
    },
  },
  directions: BOTH_WAYS,
  operators: { open: "so many others are open already" },
  judged: "by_count",
  wants: ({ name, layer4 }) =>
    layer4?.connections_over === undefined ? [] : [wantConnections(name, connectionsOver(layer4.connections_over))],
  got: (subject, { name }) =>
    shown(
      ofCount(subject, name, ({ connections }) => connections),
      (open) => `${open} open`,
    ),
  write({ layer4 }, bytes) {
    if (layer4?.connections_over === undefined) return;
    const { count, by } = connectionsOver(layer4.connections_over);
    bytes.setUint32(Rule.connections_over, count);
    bytes.setUint8(Rule.connections_by, METERS[by]);
    bytes.setUint64(Rule.identity, BigInt(bytes.fingerprint));
  },
} satisfies Field;

/** Returns the full form of a value that was validated before. */
export function connectionsOver(value: number | ConnectionsOver): ConnectionsOver {
  return typeof value === "number" ? { count: value, by: "source" } : value;
}

function wantConnections(rule: string, { count, by }: ConnectionsOver): Want {
  return {
    operator: "open",
    text: `${count} open by ${by}`,
    holds: (subject) => {
      const { connections, settled = false } = subject.counted.get(rule) ?? {};
      return settled || known(connections, (open) => open >= count);
    },
  };
}
