/** The key by which a rule counts. The fields `layer4.over_rate` and `layer4.connections_over` share it. */

import { Meter } from "../../generated/layout.ts";
import type { Schema } from "../../values/json-schema.ts";
import type { MeterBy } from "../rule.ts";
import type { Counted, Subject } from "../subject.ts";

export const METERS: Record<MeterBy, number> = { source: Meter.SOURCE, destination: Meter.DESTINATION, rule: Meter.RULE };

export const BY: Schema = {
  title: "By",
  description:
    "With `source`, weir counts each source of connections apart; with `destination`, each destination; with `rule`, all that the rule matches together.",
  enum: Object.keys(METERS),
  default: "source",
  examples: ["rule"],
};

/** Returns what a rule counted; undefined if it was not asked. */
export function ofCount<T>({ counted }: Subject, rule: string, read: (counted: Counted) => T): T | undefined {
  const found = counted.get(rule);
  return found && read(found);
}
