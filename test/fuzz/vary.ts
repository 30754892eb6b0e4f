/** What the shapes of rule sets leave out: rules of every kind among theirs, and frames for their packets. */

import type { Arrival } from "../../agent/rules/reference.ts";
import type { NotConfig } from "../../config/types.ts";
import { NOON } from "../conformance/clock.ts";
import type { RuleText } from "../conformance/policy.ts";
import { Ethernet, Fragment, frame, ICMP, ICMPv6, IPv4, IPv6, payload, TCP, UDP } from "../harness/packet.ts";
import type { Random } from "../harness/random.ts";
import type { Opening } from "../harness/rule-sets.ts";

/** A flow has room for so many. */
const MOST_CONDITIONAL = 8;
const ICMP_TYPES = [0, 3, 5, 8, 13];
const ICMPV6_TYPES = [1, 3, 128, 129, 132];
const PROTOCOLS = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 };

const CONDITIONS: Partial<NonNullable<RuleText["layer4"]>>[] = [
  { flags: { set: ["syn"] } },
  { flags: { set: ["psh"] } },
  { flags: { unset: ["ack"] } },
  { state: ["new"] },
  { state: ["established", "related"] },
  { connection_duration: { shorter_than: "1h" } },
  { over_rate: "2/1h" },
  { over_rate: { rate: "1/1h", by: "rule", per: "connection" } },
  { connection_duration: { longer_than: "1h" } },
];

const AT_TIMES: Partial<RuleText>[] = [
  { expires: new Date(NOON + 3_600_000).toISOString() },
  { expires: new Date(NOON - 3_600_000).toISOString() },
  { schedule: [{ days: ["wed"], from: "11:00", to: "13:00" }] },
  { schedule: [{ days: ["tue", "thu"], from: "00:00", to: "24:00" }, { days: ["tue"], from: "23:00", to: "13:00" }] },
  { schedule: [{ days: ["wed"], from: "12:01", to: "12:00" }] },
];

/** Some rules hold at times only. */
export function atTimes(random: Random, rules: readonly RuleText[]): RuleText[] {
  return rules.map((rule) => (random.oneIn(10) ? { ...rule, ...random.pick(AT_TIMES) } : rule));
}

/** Some rules staged, conditional, for one direction, of messages, without a protocol, without some of it, or twice. */
export function varied(random: Random, rules: readonly RuleText[]): RuleText[] {
  let conditional = 0;
  return rules.map((rule) => {
    const { layer4, ...rest } = rule;
    if (random.oneIn(5)) return { ...rule, not: notOf(random, rule, random.pick(rules)) };
    if (random.oneIn(6)) return { ...rest, direction: random.pick(["ingress", "egress"] as const), ...(layer4 && { layer4 }) };
    if (random.oneIn(6) && rule.action === "block") return { ...rule, enforce: false };
    if (random.oneIn(12)) return { ...rest, layer4: messagesOf(random, rule) };
    if (random.oneIn(8)) return rest;
    if (layer4 !== undefined && conditional < MOST_CONDITIONAL && random.oneIn(20)) {
      conditional++;
      return { ...rule, layer4: { ...layer4, ...random.pick(layer4.protocol === "tcp" ? CONDITIONS : CONDITIONS.filter((condition) => !("flags" in condition))) } };
    }
    return random.oneIn(30) ? { ...random.pick(rules), name: rule.name } : rule;
  });
}

/** Some of what another rule asks for, or of this one itself. */
function notOf(random: Random, rule: RuleText, other: RuleText): NotConfig {
  const { layer3, layer4 = {} } = random.oneIn(8) ? rule : other;
  if (random.oneIn(8)) return { layer4: messagesOf(random, rule) };
  const not: NotConfig = {
    ...(random.oneIn(6) && { interfaces: [random.pick(["eth0", "e*", "wan0"])] }),
    ...(layer3 && random.oneIn(2) && { layer3 }),
    ...(random.oneIn(2) && { layer4 }),
  };
  return Object.keys(not).length === 0 ? { layer4: { protocol: layer4.protocol ?? "tcp" } } : not;
}

function messagesOf(random: Random, { layer3 }: RuleText): NonNullable<NotConfig["layer4"]> {
  const ipv6 = [...(layer3?.source ?? []), ...(layer3?.destination ?? [])].some((text) => text.includes(":"));
  const types = ipv6 ? ICMPV6_TYPES : ICMP_TYPES;
  const icmp = Array.from({ length: 1 + random.below(3) }, () => ({ type: random.pick(types), ...(random.oneIn(2) && { code: random.below(3) }) }));
  return { protocol: ipv6 ? "icmpv6" : "icmp", icmp };
}

/** As the first packet of what opens, as a later fragment of it, or a message between its ends. */
export function arrivalOf(random: Random, opening: Opening): Arrival {
  const { ipv6, source, destination } = opening;
  const protocol = random.oneIn(8) ? (ipv6 ? "icmpv6" : "icmp") : opening.protocol;
  const later = random.oneIn(8);
  const transport = later ? payload(16) : transportOf(random, opening, protocol);
  const addresses = { src: source, dst: destination };
  const hook = random.pick(["ingress", "ingress", "egress"] as const);
  if (ipv6) {
    const layers = later ? [Fragment({ id: 7, offset: 64, nextHeader: PROTOCOLS[protocol] })] : [];
    return { frame: frame(Ethernet(), IPv6(addresses), ...layers, transport), hook, interface: "eth0" };
  }
  const ipv4 = later ? IPv4({ ...addresses, fragment: { id: 7, offset: 64 }, protocol: PROTOCOLS[protocol] }) : IPv4(addresses);
  return { frame: frame(Ethernet(), ipv4, transport), hook, interface: "eth0" };
}

function transportOf(random: Random, { sourcePort, destinationPort }: Opening, protocol: keyof typeof PROTOCOLS): ReturnType<typeof TCP> {
  switch (protocol) {
    case "tcp": return TCP({ sport: sourcePort, dport: destinationPort, flags: ["syn"] });
    case "udp": return UDP({ sport: sourcePort, dport: destinationPort });
    case "icmp": return ICMP({ type: random.pick(ICMP_TYPES), code: random.below(4) });
    case "icmpv6": return ICMPv6({ type: random.pick(ICMPV6_TYPES), code: random.below(4) });
  }
}
