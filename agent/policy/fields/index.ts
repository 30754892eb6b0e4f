/**
 * Every field a rule can have, once. The schema and its documentation, the checks, the flags of `weir rule add`, compiling, the reference
 * verdict, `explain` and the completeness test of the conformance suite follow from this table: a field that is added here is a type error
 * or a failing test wherever it is not yet handled. The order is the one in which people read fields.
 */

import type { NotConfig, RuleConfig } from "../rule.ts";
import { CONNECTION_DURATION } from "./connection-duration.ts";
import { CONNECTIONS_OVER } from "./connections-over.ts";
import { DESTINATION } from "./destination.ts";
import { DESTINATION_PORTS } from "./destination-ports.ts";
import { DIRECTION } from "./direction.ts";
import { DSCP } from "./dscp.ts";
import { EXPIRES } from "./expires.ts";
import type { Expansion, Field } from "./field.ts";
import { FLAGS } from "./flags.ts";
import { ICMP } from "./icmp.ts";
import { INTERFACES } from "./interfaces.ts";
import { type Negatable, notField, pathsIn } from "./not.ts";
import { OVER_RATE } from "./over-rate.ts";
import { PROCESS } from "./process.ts";
import { PROTOCOL } from "./protocol.ts";
import { SCHEDULE } from "./schedule.ts";
import { SOURCE } from "./source.ts";
import { SOURCE_PORTS } from "./source-ports.ts";
import { STATE } from "./state.ts";
import { VLAN } from "./vlan.ts";

const ALL_BUT_NOT = {
  direction: DIRECTION,
  interfaces: INTERFACES,
  schedule: SCHEDULE,
  expires: EXPIRES,
  "layer2.vlan": VLAN,
  "layer3.source": SOURCE,
  "layer3.destination": DESTINATION,
  "layer3.dscp": DSCP,
  "layer4.protocol": PROTOCOL,
  "layer4.source_ports": SOURCE_PORTS,
  "layer4.destination_ports": DESTINATION_PORTS,
  "layer4.icmp": ICMP,
  "layer4.flags": FLAGS,
  "layer4.state": STATE,
  "layer4.over_rate": OVER_RATE,
  "layer4.connections_over": CONNECTIONS_OVER,
  "layer4.connection_duration": CONNECTION_DURATION,
  process: PROCESS,
} satisfies Record<string, Field>;

export const FIELDS = { ...ALL_BUT_NOT, not: notField(ALL_BUT_NOT) };

export type FieldPath = keyof typeof FIELDS;
/** A field that `not` can name. */
export type NotPath = Negatable<typeof ALL_BUT_NOT>;

/** The same table, where a caller walks all of it. */
export const FIELD_ENTRIES = Object.entries(FIELDS) as [FieldPath, Field][];

/** The fields that make matchers. */
export const EXPANSIONS = FIELD_ENTRIES.flatMap(([path, { expansion }]) =>
  expansion === undefined ? [] : [{ path, ...(expansion as unknown as Expansion<unknown>) }],
);

/** The fields that a rule in the kernel holds itself. */
export const WRITTEN_FIELDS = FIELD_ENTRIES.map(([, field]) => field).filter((field) => field.write !== undefined);

/** Returns the fields that a `not` names. */
export const notPaths: (not: NotConfig) => NotPath[] = pathsIn(ALL_BUT_NOT);

/** Returns whether a rule checks each packet of a connection, rather than deciding once. */
export function isConditional(rule: RuleConfig): boolean {
  return asksFor(rule, CONDITIONAL);
}

/** Returns whether the rule holds at certain times only. */
export function isTimed(rule: RuleConfig): boolean {
  return asksFor(rule, TIMED);
}

const CONDITIONAL = fieldsJudged("each_packet", "by_count");
const TIMED = fieldsJudged("by_time");

function fieldsJudged(...judged: Field["judged"][]): Field[] {
  return FIELD_ENTRIES.map(([, field]) => field).filter((field) => judged.includes(field.judged));
}

function asksFor(rule: RuleConfig, fields: readonly Field[]): boolean {
  return fields.some((field) => field.wants(rule).length > 0);
}
