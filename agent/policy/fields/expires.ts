/** The field `expires`: the time at which the rule ends. The flags --for and --until of `weir rule add` set it. */

import { Rule } from "../../generated/layout.ts";
import { said } from "../../values/json-schema.ts";
import { explainMoment, parseMoment } from "../../values/time.ts";
import type { RuleConfig } from "../rule.ts";
import { BOTH_WAYS, type Field } from "./field.ts";

declare module "../rule.ts" {
  interface RuleConfig {
    /** A time: see time.ts. */
    expires?: string;
  }
}

/** The last second that the kernel can hold, which is beyond anybody's patience. */
const LAST_SECOND = 0xffff_ffff;

export const EXPIRES = {
  schema: {
    title: "Expires",
    description:
      "The rule ends at this date and time, which is local if it names no time zone. The kernel ends it even while no agent runs.",
    type: "string",
    format: "moment",
    examples: ["2026-12-01T00:00:00Z"],
  },
  formats: { moment: (value) => said(explainMoment(value)) },
  options: {},
  text: { place: "time", words: ({ expires }) => (expires === undefined ? [] : [`until ${expires}`]) },
  directions: BOTH_WAYS,
  operators: { before: "the time has not come yet" },
  judged: "by_time",
  wants: ({ expires }) =>
    expires === undefined ? [] : [{ operator: "before", text: `before ${expires}`, holds: ({ now }) => now < parseMoment(expires)! }],
  got: ({ now }) => new Date(now).toISOString(),
  write({ expires }, bytes) {
    if (expires !== undefined)
      bytes.setUint32(Rule.expires, Math.min(Math.max(1, bytes.clock.bootSecondAt(parseMoment(expires)!)), LAST_SECOND));
  },
} satisfies Field;

/** `now` is in milliseconds since the epoch. */
export function isOver({ expires }: RuleConfig, now: number): boolean {
  return expires !== undefined && parseMoment(expires)! <= now;
}
