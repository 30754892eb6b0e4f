/** The fields that each packet is asked for, and not its connection once. Part of the table of fields.ts. */

import { parseDuration } from "../../config/duration.ts";
import { TCP_FLAGS } from "../../config/names.ts";
import { type OverRate, parseOverRate } from "../../config/rate.ts";
import type { Layer4Config } from "../../config/types.ts";
import { BOTH_WAYS, type Field, known, NONE, shown, type Want } from "./field.ts";
import type { Counted, Subject } from "./subject.ts";

export const CONDITION_FIELDS = {
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

type Asked<Key extends keyof Layer4Config> = NonNullable<Layer4Config[Key]>;

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
