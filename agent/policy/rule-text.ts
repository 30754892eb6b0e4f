/** Writes a rule as a line for people. */

import type { TextPlace } from "./fields/field.ts";
import { FIELD_ENTRIES } from "./fields/index.ts";
import type { RuleConfig } from "./rule.ts";

/** Writes `block, enforced: tcp from 10.0.0.0/8 to 192.0.2.1 port 80, ingress on eth0, but not from 10.1.0.0/16`. */
export function ruleText(rule: RuleConfig): string {
  const { action, enforce, reject, not } = rule;
  const { protocol = ["anything"], ...said } = wordsOf(rule);
  const words = [...protocol, ...asked(said)];
  const where = [...(said.direction ?? []), ...(said.interface ?? [])];
  const whole = `${action}${enforce && action === "block" ? `, enforced${reject ? ", rejecting" : ""}` : ""}: ${words.join(" ")}`;
  const left = not === undefined ? undefined : wordsOf(not);
  const butNot = left && [...(left.protocol ?? []), ...asked(left), ...(left.interface ?? [])].join(" ");
  return [
    whole,
    ...(where.length === 0 ? [] : [where.join(" ")]),
    ...(butNot === undefined ? [] : [`but not ${butNot}`]),
    ...(said.time ?? []),
  ].join(", ");
}

type Words = Partial<Record<TextPlace, string[]>>;

function wordsOf(rule: Partial<RuleConfig>): Words {
  const said: Words = {};
  for (const [, { text }] of FIELD_ENTRIES) {
    const words = text.words(rule);
    if (words.length > 0) said[text.place] = [...(said[text.place] ?? []), ...words];
  }
  return said;
}

function asked(said: Words): string[] {
  return [
    ...(said.packet ?? []),
    ...endText("from", said.from, said.from_ports),
    ...endText("to", said.to, said.to_ports),
    ...(said.process ?? []),
  ];
}

function endText(which: string, networks: readonly string[] = [], ports: readonly string[] = []): string[] {
  return networks.length + ports.length === 0 ? [] : [which, networks.length === 0 ? "any" : networks.join(" "), ...ports];
}
