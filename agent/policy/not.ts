/** The field `not` of a rule: what all the fields that it names match together is left out. */

import type { NotConfig, RuleConfig } from "./rule.ts";
import { BOTH_WAYS, type Field, type Want } from "./field.ts";
import { every, opposite, some } from "./three-valued.ts";

/** What `not` can name. */
const NOT_PATHS = ["interfaces", "layer3.source", "layer3.destination", "layer4.protocol", "layer4.source_ports", "layer4.destination_ports", "layer4.icmp", "process"] as const;
export type NotPath = (typeof NOT_PATHS)[number];

/** What this one names. */
export function notPaths({ interfaces = [], layer3 = {}, layer4 = {}, process }: NotConfig): NotPath[] {
  const { source = [], destination = [] } = layer3;
  const { protocol, source_ports = [], destination_ports = [], icmp = [] } = layer4;
  const named: Record<NotPath, boolean> = {
    interfaces: interfaces.length > 0,
    "layer3.source": source.length > 0,
    "layer3.destination": destination.length > 0,
    "layer4.protocol": protocol !== undefined,
    "layer4.source_ports": source_ports.length > 0,
    "layer4.destination_ports": destination_ports.length > 0,
    "layer4.icmp": icmp.length > 0,
    process: process !== undefined,
  };
  return NOT_PATHS.filter((path) => named[path]);
}

/** Its operator is the field it names, or `several`. */
export function notField(fieldOf: (path: NotPath) => Field) {
  return {
    layer: "connection",
    directions: BOTH_WAYS,
    operators: {
      interfaces: "is none of these interfaces",
      "layer3.source": "is none of these addresses",
      "layer3.destination": "is none of these addresses",
      "layer4.protocol": "is not this protocol",
      "layer4.source_ports": "is none of these ports",
      "layer4.destination_ports": "is none of these ports",
      "layer4.icmp": "is none of these messages",
      process: "is no such process",
      several: "is not all of these together",
    },
    judged: "once",
    wants: (rule) => (rule.not === undefined ? [] : [wantNot(rule, rule.not, fieldOf)]),
    got: (subject, rule) => notPaths(rule.not ?? {}).map((path) => `${path} ${fieldOf(path).got(subject, negated(rule, rule.not ?? {}))}`).join(", "),
  } satisfies Field;
}

/** A rule of what `not` names. Ports and messages are those of the rule's own protocol where `not` names none. */
function negated({ layer4, ...others }: RuleConfig, not: NotConfig): RuleConfig {
  return { ...others, ...not, layer4: { ...(layer4?.protocol === undefined ? {} : { protocol: layer4.protocol }), ...not.layer4 } };
}

function wantNot(rule: RuleConfig, not: NotConfig, fieldOf: (path: NotPath) => Field): Want {
  const paths = notPaths(not);
  const fields = paths.map((path) => ({ path, wants: fieldOf(path).wants(negated(rule, not)) }));
  const texts = fields.map(({ path, wants }) => `${path} ${wants.map(({ text }) => text).join(" or ")}`);
  return {
    operator: paths.length === 1 ? paths[0]! : "several",
    text: paths.length === 1 ? `not ${texts[0]}` : `not (${texts.join(" and ")})`,
    holds: (subject) => opposite(every(fields.map(({ wants }) => some(wants.map((want) => want.holds(subject)))))),
  };
}
