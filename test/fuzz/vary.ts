/** What the shapes of rule sets leave out: rules of every kind among theirs, and frames for their packets. */

import type { Arrival } from "../../agent/policy/reference.ts";
import type { LocalProcess } from "../../agent/policy/subject.ts";
import type { ProcessConfig } from "../../agent/policy/fields/process.ts";
import type { NotConfig } from "../../agent/policy/rule.ts";
import { NOON } from "../conformance/clock.ts";
import type { RuleText } from "../conformance/policy.ts";
import { Ethernet, Fragment, frame, ICMP, ICMPv6, IPv4, IPv6, payload, TCP, UDP, VLAN } from "../harness/packet.ts";
import type { Random } from "../harness/random.ts";
import type { Opening } from "../harness/rule-sets.ts";

/** Where packets come and go. */
export const INTERFACES = ["eth0", "wan0"];
const INTERFACE_PATTERNS = ["eth0", "e*", "wan0", "*an*", "lan0"];
/** A flow has room for so many. */
const MOST_CONDITIONAL = 8;
const ICMP_TYPES = [0, 3, 5, 8, 13];
const ICMPV6_TYPES = [1, 3, 128, 129, 132];
const PROTOCOLS = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 };
const TCP_FLAGS = [["syn"], ["syn"], ["syn", "ack"], ["ack"], ["ack", "psh"], ["fin", "ack"], ["rst"]] as const;

type Layer4 = NonNullable<RuleText["layer4"]>;

/** Nothing that changes while a trial lasts. */
const CONDITIONS: Partial<Layer4>[] = [
  { flags: { set: ["syn"] } },
  { flags: { set: ["psh"] } },
  { flags: { set: ["syn"], unset: ["ack"] } },
  { flags: { unset: ["ack"] } },
  { state: ["new"] },
  { state: ["established", "related"] },
  { state: ["invalid"] },
  { connection_duration: { shorter_than: "1h" } },
  { connection_duration: { longer_than: "1h" } },
  { connection_duration: { longer_than: "1h", shorter_than: "2h" } },
  { over_rate: "2/1h" },
  { over_rate: { rate: "3/1h", burst: 1, by: "destination", per: "packet" } },
  { over_rate: { rate: "1/1h", by: "rule", per: "connection" } },
  { connections_over: 1 },
  { connections_over: { count: 2, by: "rule" }, over_rate: { rate: "1/1h", by: "source", per: "packet" } },
];
/** Marks that rules ask for, and that packets have. */
const MARKS: NonNullable<NonNullable<RuleText["layer3"]>["dscp"]>[] = [["ef"], [46, "cs6"], ["af11", "df", 63]];
const VLANS: NonNullable<NonNullable<RuleText["layer2"]>["vlan"]>[] = [[10], ["none", "20-30"], ["1-4094"]];
const TAGS = [0, 10, 11, 25];
const DSCPS = [0, 10, 46, 48, 63];
const TIMES: Partial<RuleText>[] = [
  { expires: new Date(NOON + 3_600_000).toISOString() },
  { expires: new Date(NOON - 3_600_000).toISOString() },
  { schedule: [{ days: ["wed"], from: "11:00", to: "13:00" }] },
  {
    schedule: [
      { days: ["tue", "thu"], from: "00:00", to: "24:00" },
      { days: ["tue"], from: "23:00", to: "13:00" },
    ],
  },
  { schedule: [{ days: ["wed"], from: "12:01", to: "12:00" }] },
];
const PROCESSES: ProcessConfig[] = [
  { executable: "/usr/bin/curl" },
  { executable: ["*/curl", "/opt/*"], user: 33 },
  { command: "* --all" },
  { user: ["www-data", 34] },
  { parent: "/usr/sbin/cron" },
  { container: "*" },
  { unit: "nginx.service" },
  { pod: "shop/web-*" },
  { namespace: "shop" },
  { pod: "*", user: "www-*" },
];
/** undefined where nobody knows. */
const RUNNING: (LocalProcess | null | undefined)[] = [
  undefined,
  null,
  { executable: "/usr/bin/curl", command: "curl --all", user: { uid: 33, name: "www-data" }, parents: ["/usr/sbin/cron"], workload: {} },
  { executable: "/opt/app/run", command: "run", user: { uid: 34 }, parents: [], workload: { unit: "nginx.service" } },
  {
    executable: "/usr/bin/wget",
    user: { uid: 0, name: "root" },
    workload: { container: { id: "5f".repeat(32) }, pod: { uid: "b0", name: "web-0", namespace: "shop" } },
  },
];
const isOfTcp = (condition: Partial<Layer4>): boolean => "flags" in condition || condition.state?.includes("invalid") === true;

/** Some rules staged, conditional, at times, for one direction or interface, of messages, without a protocol, without some of it, or twice. */
export function varied(random: Random, rules: readonly RuleText[]): RuleText[] {
  let conditional = 0;
  const rarity = Math.max(5, rules.length / (2 * MOST_CONDITIONAL));
  return rules.map((rule) => {
    if (random.oneIn(30)) return { ...random.pick(rules), name: rule.name };
    const asks = spelled(random, withLayer4(rule, layer4Of(random, rule)));
    const does: Partial<RuleText> = {
      ...(random.oneIn(6) && { direction: random.pick(["ingress", "egress"] as const) }),
      ...(random.oneIn(8) && { interfaces: [random.pick(INTERFACE_PATTERNS)] }),
      ...(rule.action === "block" && random.oneIn(5) && { enforce: false }),
      ...(rule.action === "block" && random.oneIn(6) && { reject: true }),
      ...(random.oneIn(10) && random.pick(TIMES)),
      ...(random.oneIn(8) && { process: random.pick(PROCESSES) }),
      ...(random.oneIn(5) && { not: notOf(random, asks, random.pick(rules)) }),
    };
    if (conditional === MOST_CONDITIONAL || !random.oneIn(rarity)) return { ...asks, ...does };
    conditional++;
    if (random.oneIn(6)) return { ...asks, ...does, layer2: { vlan: random.pick(VLANS) } };
    if (random.oneIn(4)) return { ...asks, ...does, layer3: { ...asks.layer3, dscp: random.pick(MARKS) } };
    const condition = random.pick(asks.layer4?.protocol === "tcp" ? CONDITIONS : CONDITIONS.filter((one) => !isOfTcp(one)));
    return { ...asks, ...does, layer4: { ...asks.layer4, ...condition } };
  });
}

function withLayer4({ layer4: _, ...rest }: RuleText, layer4: Layer4 | undefined): RuleText {
  return { ...rest, ...(layer4 && { layer4 }) };
}

function layer4Of(random: Random, rule: RuleText): Layer4 | undefined {
  if (random.oneIn(12)) return messagesOf(random, rule);
  if (random.oneIn(20)) return { protocol: random.pick(Object.values(PROTOCOLS)) };
  return random.oneIn(10) ? undefined : rule.layer4;
}

/** Some single addresses without their length, and beside some a range. */
function spelled(random: Random, rule: RuleText): RuleText {
  if (rule.layer3 === undefined || !random.oneIn(3)) return rule;
  const entries = ([first, ...others]: string[]): string[] => {
    const [base, length] = first!.split("/") as [string, string?];
    const isHost = length === "32" || length === "128";
    const last = base.replace(/[0-9a-f]+$/, (part) =>
      base.includes(":") ? "ffff" : String(Math.min(255, Number(part) + random.below(20))),
    );
    return [isHost ? base : first!, ...(random.oneIn(2) ? [`${base}-${last}`] : []), ...others];
  };
  const { source, destination } = rule.layer3;
  return { ...rule, layer3: { ...(source && { source: entries(source) }), ...(destination && { destination: entries(destination) }) } };
}

/** Some of what another rule asks for, or of this one itself. */
function notOf(random: Random, rule: RuleText, other: RuleText): NotConfig {
  const { layer3, layer4 = {} } = random.oneIn(8) ? rule : other;
  if (random.oneIn(8)) return { process: random.pick(PROCESSES), ...(layer3 && random.oneIn(3) && { layer3 }) };
  if (random.oneIn(8)) return { layer4: messagesOf(random, rule) };
  const { source_ports, destination_ports } = layer4;
  // Ports alone are those of the rule's own protocol.
  if (rule.layer4?.protocol === layer4.protocol && random.oneIn(3)) {
    if (source_ports && random.oneIn(2)) return { layer4: { source_ports } };
    if (destination_ports) return { layer4: { destination_ports } };
  }
  const icmp = rule.layer4?.icmp;
  if (icmp && random.oneIn(2)) return { layer4: { icmp: icmp.slice(0, 1) } };
  if (layer3 && random.oneIn(3)) {
    const { source, destination } = layer3;
    if (source && random.oneIn(2)) return { layer3: { source } };
    if (destination) return { layer3: { destination } };
  }
  const not: NotConfig = {
    ...(random.oneIn(4) && { interfaces: [random.pick(INTERFACE_PATTERNS)] }),
    ...(layer3 && random.oneIn(3) && { layer3 }),
    ...(layer4.protocol !== undefined && random.oneIn(3) && { layer4 }),
  };
  return Object.keys(not).length === 0 ? { layer4: { protocol: layer4.protocol ?? "tcp" } } : not;
}

function messagesOf(random: Random, { layer3 }: RuleText): NonNullable<NotConfig["layer4"]> {
  const ipv6 = [...(layer3?.source ?? []), ...(layer3?.destination ?? [])].some((text) => text.includes(":"));
  const types = ipv6 ? ICMPV6_TYPES : ICMP_TYPES;
  const icmp = Array.from({ length: 1 + random.below(3) }, () => ({
    type: random.pick(types),
    ...(random.oneIn(2) && { code: random.below(3) }),
  }));
  return { protocol: ipv6 ? "icmpv6" : "icmp", icmp };
}

/** As the first packet of what opens, as a later one, as an answer to it, as a later fragment, or a message between its ends. */
export function arrivalOf(random: Random, opening: Opening): Arrival {
  const { source, destination, sourcePort, destinationPort } = opening;
  const sent = random.oneIn(5)
    ? { ...opening, source: destination, destination: source, sourcePort: destinationPort, destinationPort: sourcePort }
    : opening;
  const ipv6 = opening.ipv6;
  const protocol = random.oneIn(8) ? (ipv6 ? "icmpv6" : "icmp") : opening.protocol;
  const later = random.oneIn(8);
  const transport = later ? payload(16) : transportOf(random, sent, protocol);
  const addresses = { src: sent.source, dst: sent.destination };
  const tags = random.oneIn(3) ? Array.from({ length: 1 + random.below(2) }, () => VLAN(random.pick(TAGS))) : [];
  const tos = random.oneIn(3) ? (random.pick(DSCPS) << 2) | random.below(4) : 0;
  const process = runningAt(opening);
  const arrives = {
    ...(process !== undefined && { process }),
    hook: random.pick(["ingress", "ingress", "egress"] as const),
    interface: random.oneIn(5) ? "wan0" : "eth0",
  };
  if (ipv6) {
    const layers = later ? [Fragment({ id: 7, offset: 64, nextHeader: PROTOCOLS[protocol] })] : [];
    return { frame: frame(Ethernet(), ...tags, IPv6({ ...addresses, trafficClass: tos }), ...layers, transport), ...arrives };
  }
  const ipv4 = later
    ? IPv4({ ...addresses, tos, fragment: { id: 7, offset: 64 }, protocol: PROTOCOLS[protocol] })
    : IPv4({ ...addresses, tos });
  return { frame: frame(Ethernet(), ...tags, ipv4, transport), ...arrives };
}

/** The same for all that two addresses say to each other, because a connection has one process. */
function runningAt({ source, destination }: Opening): (typeof RUNNING)[number] {
  const letters = [...`${source}${destination}`].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return RUNNING[letters % RUNNING.length];
}

function transportOf(random: Random, { sourcePort, destinationPort }: Opening, protocol: keyof typeof PROTOCOLS): ReturnType<typeof TCP> {
  switch (protocol) {
    case "tcp":
      return TCP({ sport: sourcePort, dport: destinationPort, flags: random.oneIn(2) ? ["syn"] : [...random.pick(TCP_FLAGS)] });
    case "udp":
      return UDP({ sport: sourcePort, dport: destinationPort });
    case "icmp":
      return ICMP({ type: random.pick(ICMP_TYPES), code: random.below(4) });
    case "icmpv6":
      return ICMPv6({ type: random.pick(ICMPV6_TYPES), code: random.below(4) });
  }
}
