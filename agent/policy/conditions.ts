/** What a rule asks of each packet, as the kernel's struct rule holds it: from what is written to its bytes. */

import { type ConnectionsOver, connectionsOver } from "./connections.ts";
import { secondsOf } from "../values/duration.ts";
import { type ConnectionState, TCP_FLAGS, type TcpFlag } from "../values/names.ts";
import { type OverRate, parseOverRate } from "./rate.ts";
import { parseMoment, parseTimeOfDay, WEEKDAYS } from "../values/time.ts";
import type { MeterBy, RuleConfig } from "./rule.ts";
import { Meter, Rule as Layout, RuleSpan, State } from "../generated/layout.ts";
import type { BootClock } from "./boot-clock.ts";

export interface Conditions {
  /** Flag bits that are compared, and with what. */
  tcpFlags?: { mask: number; value: number };
  /** Bits by the number of the state. */
  states?: number;
  /** Seconds. */
  longerThan?: number;
  shorterThan?: number;
  rate?: OverRate;
  connections?: ConnectionsOver;
  /** Minutes of the day; bits of days from Monday on. */
  schedule?: { days: number; from: number; to: number }[];
  /** Milliseconds since the epoch. */
  expires?: number;
  /** What the rule says, as a number: what it counts belongs to it. */
  identity?: number;
}

const STATES: Record<ConnectionState, number> = { new: State.NEW, established: State.ESTABLISHED, related: State.RELATED, invalid: State.INVALID };

/** undefined where the rule asks for nothing of the kind. */
export function conditionsOf({ layer4 = {}, schedule = [], expires }: RuleConfig, identity: number): Conditions | undefined {
  const { connections_over, over_rate, flags, state = [], connection_duration: { longer_than, shorter_than } = {} } = layer4;
  const conditions: Conditions = {
    ...(flags === undefined ? {} : { tcpFlags: flagBits(flags) }),
    ...(state.length === 0 ? {} : { states: state.reduce((bits, name) => bits | (1 << STATES[name]), 0) }),
    ...(longer_than === undefined ? {} : { longerThan: secondsOf(longer_than) }),
    ...(shorter_than === undefined ? {} : { shorterThan: secondsOf(shorter_than) }),
    ...(schedule.length === 0 ? {} : { schedule: schedule.map(spanOf) }),
    ...(expires === undefined ? {} : { expires: parseMoment(expires)! }),
    ...(over_rate === undefined ? {} : { rate: parseOverRate(over_rate), identity }),
    ...(connections_over === undefined ? {} : { connections: connectionsOver(connections_over), identity }),
  };
  return Object.keys(conditions).length === 0 ? undefined : conditions;
}

/** `now`: in milliseconds since the epoch. */
export function isOver({ expires }: RuleConfig, now: number): boolean {
  return expires !== undefined && parseMoment(expires)! <= now;
}

export function asksForInvalid({ layer4 }: RuleConfig): boolean {
  return layer4?.state?.includes("invalid") === true;
}

function spanOf({ days, from, to }: NonNullable<RuleConfig["schedule"]>[number]): { days: number; from: number; to: number } {
  return { days: days.reduce((bits, day) => bits | (1 << WEEKDAYS.indexOf(day)), 0), from: parseTimeOfDay(from)!, to: parseTimeOfDay(to)! };
}

/** Which bits of the flag byte are compared, and with what. */
function flagBits({ set = [], unset = [] }: { set?: readonly TcpFlag[]; unset?: readonly TcpFlag[] }): { mask: number; value: number } {
  const bits = (names: readonly TcpFlag[]): number => names.reduce((all, name) => all | TCP_FLAGS[name], 0);
  return { mask: bits(set) | bits(unset), value: bits(set) };
}

/** Nobody waits for it. */
const LAST_SECOND = 0xffff_ffff;
const NS = 1_000_000_000n;
const METERS: Record<MeterBy, number> = { source: Meter.SOURCE, destination: Meter.DESTINATION, rule: Meter.RULE };

/** Writes them into the bytes of a rule, which begin at `at` and are 0 so far. */
export function packConditions({ tcpFlags, states = 0, longerThan = 0, shorterThan = 0, rate, connections, schedule = [], expires, identity = 0 }: Conditions, view: DataView, at: number, { clock, littleEndian }: { clock: BootClock; littleEndian: boolean }): void {
  if (tcpFlags !== undefined) {
    view.setUint8(at + Layout.tcp_flags_mask, tcpFlags.mask);
    view.setUint8(at + Layout.tcp_flags_value, tcpFlags.value);
  }
  view.setUint8(at + Layout.states, states);
  view.setUint32(at + Layout.longer_than, longerThan, littleEndian);
  view.setUint32(at + Layout.shorter_than, shorterThan, littleEndian);
  if (expires !== undefined) view.setUint32(at + Layout.expires, Math.min(Math.max(1, clock.bootSecondAt(expires)), LAST_SECOND), littleEndian);
  for (const [index, { days, from, to }] of schedule.entries()) {
    const spanAt = at + Layout.schedule.at + index * Layout.schedule.stride;
    view.setUint16(spanAt + RuleSpan.days, days, littleEndian);
    view.setUint16(spanAt + RuleSpan.from, from, littleEndian);
    view.setUint16(spanAt + RuleSpan.to, to, littleEndian);
  }
  view.setBigUint64(at + Layout.identity, BigInt(identity), littleEndian);
  if (connections !== undefined) {
    view.setUint32(at + Layout.connections_over, connections.count, littleEndian);
    view.setUint8(at + Layout.connections_by, METERS[connections.by]);
  }
  if (rate !== undefined) {
    const interval = (BigInt(rate.seconds) * NS) / BigInt(rate.count);
    view.setUint8(at + Layout.rate_per_connection, rate.per === "connection" ? 1 : 0);
    view.setUint8(at + Layout.rate_by, METERS[rate.by]);
    view.setBigUint64(at + Layout.rate_interval, interval, littleEndian);
    view.setBigUint64(at + Layout.rate_burst, interval * BigInt(rate.burst - 1), littleEndian);
  }
}
