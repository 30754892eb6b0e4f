/** A rule set of some shape with everything that rules can say, and packets that meet it. */

import type { Arrival } from "../../agent/policy/reference.ts";
import type { Sets } from "../../agent/policy/named-sets.ts";
import type { Ports } from "../../agent/policy/rule.ts";
import type { PolicyText, RuleText } from "../conformance/policy.ts";
import type { Random } from "../harness/random.ts";
import { DENSE, openingFor, type Profile, PROFILES } from "../harness/rule-sets.ts";
import { arrivalOf, varied } from "./vary.ts";

export interface Trial extends Omit<PolicyText, "rules"> {
  sets: Sets;
  /** Those in front first. */
  rules: readonly PlacedRule[];
  packets: readonly Arrival[];
}

interface PlacedRule {
  rule: RuleText;
  inFront: boolean;
}

/** Packets are judged one by one, so that many small sets find more than few large ones; some must be large. */
const SIZES = [3, 10, 17, 40, 100, 300, 1000];
export const PACKETS = 200;
/** Rules that name sets of ports have a matcher for each of their members, and for each pair where they name two. */
const MOST_PORTS = 4;
const SHAPES: Profile[] = [...Object.values(PROFILES), ...Object.values(DENSE)];

export function makeTrial(random: Random): Trial {
  const plain = varied(random, random.pick(SHAPES)(random, random.pick(SIZES)));
  const openings = Array.from({ length: PACKETS }, () => openingFor(random, plain));
  // Some come again, from either end.
  const packets = openings.map((opening, index) => arrivalOf(random, random.oneIn(3) ? openings[random.below(index + 1)]! : opening));
  const { sets, rules } = random.oneIn(3) ? withSets(random, plain) : { sets: {}, rules: plain };
  const inFront = random.oneIn(3) ? 0 : random.below(rules.length + 1);
  const action = random.oneIn(5) ? "block" : "allow";
  const onError = random.oneIn(5) ? { [random.pick(["ingress", "egress"] as const)]: "block" } : {};
  return {
    mode: random.oneIn(5) ? "detect" : "prevent",
    defaults: { action, on_error: onError },
    failsafe: { management_ports: [] },
    sets,
    rules: rules.map((rule, number) => ({ rule, inFront: number < inFront })),
    packets,
  };
}

/** Some addresses and ports as members of sets, beside others of the same rules. */
function withSets(random: Random, rules: readonly RuleText[]): { sets: Sets; rules: RuleText[] } {
  const sets: Record<string, { addresses: string[]; ports: Ports[] }> = Object.fromEntries(
    Array.from({ length: 1 + random.below(5) }, (_, number) => [`s${number}`, { addresses: [], ports: [] }]),
  );
  const moved = <T extends Ports>(list: T[] | undefined, of: "addresses" | "ports"): T[] | undefined => {
    if (list === undefined || list.length === 0 || random.oneIn(2)) return list;
    const name = random.pick(Object.keys(sets));
    const members: Ports[] = sets[name]![of];
    if (of === "ports" && members.length === MOST_PORTS) return list;
    members.push(list[0]!);
    return [`@${name}` as T, ...list.slice(1)];
  };
  const replaced = rules.map((rule): RuleText => {
    // What leaves out a part of an end cannot name sets there.
    const [source, destination] = (["source", "destination"] as const).map((end) =>
      rule.not?.layer3?.[end] === undefined ? moved(rule.layer3?.[end], "addresses") : rule.layer3?.[end],
    );
    const [from, to] = (["source_ports", "destination_ports"] as const).map((end) => moved(rule.layer4?.[end], "ports"));
    return {
      ...rule,
      ...(rule.layer3 && { layer3: { ...(source && { source }), ...(destination && { destination }) } }),
      ...(rule.layer4 && { layer4: { ...rule.layer4, ...(from && { source_ports: from }), ...(to && { destination_ports: to }) } }),
    };
  });
  return { sets, rules: replaced };
}
