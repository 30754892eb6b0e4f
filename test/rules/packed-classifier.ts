/** Reads the packed tables the way probes/wire.h describes them, so that tests see what the kernel will see. */

import { endianness } from "node:os";
import { Match, Matcher, Policy, Rule, RuleFlag, Slot } from "../../agent/generated/layout.ts";
import type { PackedRules } from "../../agent/rules/pack.ts";
import type { Subject } from "../../agent/rules/subject.ts";

const LITTLE = endianness() === "LE";

export interface PackedAnswer {
  slot: number;
  staged: number;
  block: boolean;
}

/** For a packet of which everything is known. */
export function classifyPacked(packed: PackedRules, subject: Subject, groups: bigint): PackedAnswer {
  const policy = new DataView(packed.policy.buffer);
  const rules = new DataView(packed.rules.buffer);
  let staged: number = Slot.NONE;
  for (let index = 0; index < policy.getUint32(Policy.matcher_count, LITTLE); index++) {
    const view = new DataView(packed.matchers.buffer, index * Matcher.size, Matcher.size);
    if (!matches(view, subject, groups)) continue;
    const slot = view.getUint32(Matcher.slot, LITTLE);
    const rule = slot * Rule.size;
    const flags = rules.getUint8(rule + Rule.flags);
    const bits = subject.tcpFlags ?? null;
    if (flags & RuleFlag.TCP_FLAGS && (bits === null || (bits & rules.getUint8(rule + Rule.tcp_flags_mask)) !== rules.getUint8(rule + Rule.tcp_flags_value))) continue;
    const block = rules.getUint8(rule + Rule.action) === 1;
    if (!block || flags & RuleFlag.ENFORCE) return { slot, staged, block };
    if (staged === Slot.NONE) staged = slot;
  }
  return { slot: Slot.DEFAULT, staged, block: policy.getUint8(Policy.default_action) === 1 };
}

function matches(view: DataView, subject: Subject, groups: bigint): boolean {
  const fields = view.getUint8(Matcher.fields);
  const has = (field: keyof typeof Match): boolean => (fields & Match[field]) !== 0;
  const within = (value: number | undefined, low: number, high: number): boolean =>
    value !== undefined && value >= view.getUint16(low, LITTLE) && value <= view.getUint16(high, LITTLE);
  return (
    (view.getUint8(Matcher.directions) & (subject.direction === "ingress" ? 1 : 2)) !== 0 &&
    masked(view, subject.source, Matcher.source_be.at, Matcher.source_mask_be.at) &&
    masked(view, subject.destination, Matcher.destination_be.at, Matcher.destination_mask_be.at) &&
    (!has("INTERFACE") || (view.getBigUint64(Matcher.interface_groups, LITTLE) & groups) !== 0n) &&
    (!has("PROTOCOL") || view.getUint8(Matcher.protocol) === subject.protocol) &&
    (!has("SOURCE_PORT") || within(subject.ports?.source, Matcher.source_port_low, Matcher.source_port_high)) &&
    (!has("DESTINATION_PORT") || within(subject.ports?.destination, Matcher.destination_port_low, Matcher.destination_port_high)) &&
    (!has("ICMP_TYPE") || view.getUint8(Matcher.icmp_type) === subject.icmp?.type) &&
    (!has("ICMP_CODE") || view.getUint8(Matcher.icmp_code) === subject.icmp?.code)
  );
}

/** Network order, as the bytes lie. */
function masked(view: DataView, value: bigint, addressAt: number, maskAt: number): boolean {
  const wide = (at: number): bigint => (view.getBigUint64(at) << 64n) | view.getBigUint64(at + 8);
  return (value & wide(maskAt)) === wide(addressAt);
}
