/** The field `schedule`: spans of the week in which the rule holds, in local time. */

import { Limit, Rule, RuleSpan } from "../../generated/layout.ts";
import { said } from "../../values/json-schema.ts";
import { explainTimeOfDay, parseTimeOfDay, type Weekday, WEEKDAYS } from "../../values/time.ts";
import { BOTH_WAYS, type Complain, type Field, isMapping, listOf, type Want } from "./field.ts";
import { list } from "./option-text.ts";

interface Span {
  days: Weekday[];
  /** A time of the day, local: see time.ts. */
  from: string;
  to: string;
}

declare module "../rule.ts" {
  interface RuleConfig {
    schedule?: Span[];
  }
}

export const SCHEDULE = {
  schema: {
    title: "Schedule",
    description: "The rule holds during these spans of local time. At other times it matches nothing.",
    type: "array",
    maxItems: Limit.SCHEDULE,
    examples: [[{ days: ["mon", "tue", "wed", "thu", "fri"], from: "08:00", to: "18:00" }]],
    items: {
      type: "object",
      additionalProperties: false,
      minProperties: 1,
      properties: {
        days: {
          title: "Days",
          description: "The span begins on these days.",
          type: "array",
          minItems: 1,
          uniqueItems: true,
          items: { type: "string", enum: WEEKDAYS },
          default: WEEKDAYS,
          examples: [["sat", "sun"]],
        },
        from: {
          title: "From",
          description: "The span begins at this time of the day.",
          type: "string",
          format: "time_of_day",
          default: "00:00",
          examples: ["22:00"],
        },
        to: {
          title: "To",
          description: "The span ends at this time of the day. If that is before `from`, the span ends on the next day.",
          type: "string",
          format: "time_of_day",
          default: "24:00",
          examples: ["06:00"],
        },
      },
    },
  },
  formats: { time_of_day: (value) => said(explainTimeOfDay(value)) },
  check(value, _, complain) {
    for (const [index, span] of listOf(value).entries()) if (isMapping(span)) checkSpan(span, index, complain);
  },
  options: {
    schedule: {
      value: "SPAN",
      about: "when the rule holds, in local time: days, a span of the day, or both, as 'sat,sun 22:00-06:00'",
      read: readSpan,
    },
  },
  text: {
    place: "time",
    words: ({ schedule = [] }) =>
      schedule.length === 0 ? [] : [`on ${schedule.map(({ days, from, to }) => `${days.join(" ")} ${from}-${to}`).join(" or ")}`],
  },
  directions: BOTH_WAYS,
  operators: { span: "lies in it", over_midnight: "lies in it, or in what of it falls on the next day" },
  judged: "by_time",
  wants: ({ schedule = [] }) => schedule.map(wantSpan),
  got: ({ now }) => `${weekdayOf(now)} ${clockText(minutesOf(now))}`,
  write({ schedule = [] }, bytes) {
    for (const [index, { days, from, to }] of schedule.entries()) {
      const at = Rule.schedule.at + index * Rule.schedule.stride;
      bytes.setUint16(
        at + RuleSpan.days,
        days.reduce((bits, day) => bits | (1 << WEEKDAYS.indexOf(day)), 0),
      );
      bytes.setUint16(at + RuleSpan.from, parseTimeOfDay(from)!);
      bytes.setUint16(at + RuleSpan.to, parseTimeOfDay(to)!);
    }
  },
} satisfies Field;

function checkSpan({ from, to }: Record<string, unknown>, index: number, complain: Complain): void {
  if (from === "24:00") complain([index, "from"], "a span cannot begin at 24:00, the end of the day", { value: from, suggestion: "00:00" });
  else if (from === to && from !== undefined)
    complain([index, "to"], `the span from ${String(from)} to ${String(to)} holds no time; a whole day is 00:00 to 24:00`, { value: to });
}

/** Reads `sat,sun 22:00-06:00`: days, a span, or both. */
function readSpan(text: string): object[] {
  const parts = text.trim().split(/\s+/);
  const times = parts.find((part) => part.includes(":"));
  const days = parts.filter((part) => part !== times);
  const [from, to] = times?.split("-", 2) ?? [];
  return [
    {
      ...(days.length === 0 ? {} : { days: list(days.join(",")) }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    },
  ];
}

function wantSpan({ days, from, to }: Span): Want {
  const [first, end] = [parseTimeOfDay(from)!, parseTimeOfDay(to)!];
  const overMidnight = end < first;
  return {
    operator: overMidnight ? "over_midnight" : "span",
    text: `${days.join(",")} ${from}-${to}`,
    holds: ({ now }) => {
      const minutes = minutesOf(now);
      const isDay = days.includes(weekdayOf(now));
      if (!overMidnight) return isDay && minutes >= first && minutes < end;
      return (isDay && minutes >= first) || (days.includes(weekdayOf(now, -1)) && minutes < end);
    },
  };
}

/** Returns the weekday by local time, `days` days from now. */
function weekdayOf(now: number, days = 0): Weekday {
  return WEEKDAYS[(new Date(now).getDay() + 6 + 7 + days) % 7]!;
}

function minutesOf(now: number): number {
  const date = new Date(now);
  return date.getHours() * 60 + date.getMinutes();
}

function clockText(minutes: number): string {
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");
}
