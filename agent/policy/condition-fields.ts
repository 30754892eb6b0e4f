/** The fields that each packet is asked for, and not its connection once. Part of the table of fields.ts. */

import { type ConnectionsOver, connectionsOver } from "./connections.ts";
import { parseDuration } from "../values/duration.ts";
import { TCP_FLAGS } from "../values/names.ts";
import { type OverRate, parseOverRate } from "./rate.ts";
import { parseMoment, parseTimeOfDay, WEEKDAYS, type Weekday } from "../values/time.ts";
import type { Layer4Config, RuleConfig } from "./rule.ts";
import { BOTH_WAYS, type Field, known, NONE, shown, type Want } from "./field.ts";
import type { Counted, Subject } from "./subject.ts";

export const CONDITION_FIELDS = {
  schedule: {
    layer: "time",
    directions: BOTH_WAYS,
    operators: { span: "lies in it", over_midnight: "lies in it, or in what of it falls on the next day" },
    judged: "by_time",
    wants: ({ schedule = [] }) => schedule.map(wantSpan),
    got: ({ now }) => `${weekdayOf(now)} ${clockText(minutesOf(now))}`,
  },
  expires: {
    layer: "time",
    directions: BOTH_WAYS,
    operators: { before: "the time has not come yet" },
    judged: "by_time",
    wants: ({ expires }) => (expires === undefined ? [] : [{ operator: "before", text: `before ${expires}`, holds: ({ now }) => now < parseMoment(expires)! }]),
    got: ({ now }) => new Date(now).toISOString(),
  },
  "layer4.state": {
    layer: "layer4",
    directions: BOTH_WAYS,
    operators: {
      new: "the other end has not answered yet",
      established: "both ends have spoken",
      related: "is an ICMP error about the connection",
      invalid: "is TCP that neither opens a connection nor belongs to one",
    },
    judged: "each_packet",
    wants: ({ layer4 }) => (layer4?.state ?? []).map((state) => ({ operator: state, text: state, holds: (subject) => known(subject.state, (is) => is === state) })),
    got: ({ state }) => shown(state, (is) => is),
  },
  "layer4.over_rate": {
    layer: "layer4",
    directions: BOTH_WAYS,
    operators: { packets: "packets came faster, this one included", connections: "connections were opened faster, this one included" },
    judged: "by_count",
    wants: ({ name, layer4 }) => (layer4?.over_rate === undefined ? [] : [wantRate(name, parseOverRate(layer4.over_rate))]),
    got: (subject, { name }) => shown(ofCount(subject, name, ({ overRate }) => overRate), (over) => (over ? "over it" : "within it")),
  },
  "layer4.connections_over": {
    layer: "layer4",
    directions: BOTH_WAYS,
    operators: { open: "so many others are open already" },
    judged: "by_count",
    wants: ({ name, layer4 }) => (layer4?.connections_over === undefined ? [] : [wantConnections(name, connectionsOver(layer4.connections_over))]),
    got: (subject, { name }) => shown(ofCount(subject, name, ({ connections }) => connections), (open) => `${open} open`),
  },
  "layer4.connection_duration": {
    layer: "layer4",
    directions: BOTH_WAYS,
    operators: { longer_than: "is older", shorter_than: "is younger", both: "is older than the first and younger than the second" },
    judged: "each_packet",
    wants: ({ layer4 }) => (layer4?.connection_duration === undefined ? [] : [wantDuration(layer4.connection_duration)]),
    got: ({ age }) => shown(age, (seconds) => `${Math.floor(seconds)}s`),
  },
  "layer4.flags": {
    layer: "layer4",
    directions: BOTH_WAYS,
    operators: { set: "has all of these flags", unset: "has none of these flags", set_and_unset: "has the first and lacks the second" },
    judged: "each_packet",
    wants: ({ layer4 }) => (layer4?.flags === undefined ? [] : [wantFlags(layer4.flags)]),
    got: ({ tcpFlags }) => shown(tcpFlags, flagNames),
  },
} satisfies Record<string, Field>;

type Span = NonNullable<RuleConfig["schedule"]>[number];
type Asked<Key extends keyof Layer4Config> = NonNullable<Layer4Config[Key]>;

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

/** By local time, so many days on. */
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

/** What a rule counted; undefined where it was not asked. */
function ofCount<T>({ counted }: Subject, rule: string, read: (counted: Counted) => T): T | undefined {
  const found = counted.get(rule);
  return found && read(found);
}

function wantRate(rule: string, { count, seconds, burst, by, per }: OverRate): Want {
  return {
    operator: `${per}s`,
    text: `over ${count} ${per}s in ${seconds}s by ${by}${burst === count ? "" : `, ${burst} at once`}`,
    holds: (subject) => known(ofCount(subject, rule, ({ overRate, settled }) => settled || overRate), (over) => over),
  };
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

function wantDuration({ longer_than, shorter_than }: Asked<"connection_duration">): Want {
  const least = longer_than === undefined ? -Infinity : parseDuration(longer_than)!;
  const most = shorter_than === undefined ? Infinity : parseDuration(shorter_than)!;
  return {
    operator: longer_than === undefined ? "shorter_than" : shorter_than === undefined ? "longer_than" : "both",
    text: [...(longer_than === undefined ? [] : [`longer than ${longer_than}`]), ...(shorter_than === undefined ? [] : [`shorter than ${shorter_than}`])].join(", "),
    holds: ({ age }) => known(age, (seconds) => seconds > least && seconds < most),
  };
}

function wantFlags({ set = [], unset = [] }: Asked<"flags">): Want {
  const bits = (names: Asked<"flags">["set"] = []): number => names.reduce((all, name) => all | TCP_FLAGS[name], 0);
  const [wanted, unwanted] = [bits(set), bits(unset)];
  return {
    operator: unset.length === 0 ? "set" : set.length === 0 ? "unset" : "set_and_unset",
    text: [...set, ...unset.map((flag) => `not ${flag}`)].join(", "),
    holds: ({ tcpFlags }) => known(tcpFlags, (has) => (has & wanted) === wanted && (has & unwanted) === 0),
  };
}

function flagNames(bits: number): string {
  const names = Object.entries(TCP_FLAGS).filter(([, bit]) => bits & bit);
  return names.length === 0 ? NONE : names.map(([name]) => name).join(", ");
}
