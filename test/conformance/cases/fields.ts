/** Every field with every operator, in both directions and families: what it hits, and what it leaves alone. */

import type { FIELDS } from "../../../agent/policy/fields/index.ts";
import type { LocalProcess } from "../../../agent/policy/subject.ts";
import type { ProcessKey, ProcessText } from "../../../agent/policy/fields/process.ts";
import type { NotConfig } from "../../../agent/policy/rule.ts";
import { Ethernet, frame, payload, TCP, UDP, VLAN } from "../../harness/packet.ts";
import type { Layer } from "../../harness/packet/layer.ts";
import { at, dropped, INTERFACE, passed, wouldDrop, type Case, type PacketStep } from "../case.ts";
import { FAMILIES, type Family } from "../family.ts";
import type { PolicyText, RuleText } from "../policy.ts";

type Hook = PacketStep["packet"]["hook"];

/** A packet that opens something, by what the field under test looks at. */
interface Probe {
  src?: string;
  dst?: string;
  protocol?: number;
  layer?: Layer;
  dscp?: number;
  /** Tags of the frame, outermost first. */
  tags?: number[];
  interface?: string;
  /** Seen at the other hook. */
  otherWay?: boolean;
  process?: LocalProcess | null;
}

interface Sample<Rule = Partial<RuleText>> {
  sets?: PolicyText["sets"];
  rule: Rule;
  hits: Probe[];
  misses: Probe[];
}

/** Fields that other files have cases for, because what came before decides whether they hold. */
type Elsewhere = "schedule" | "expires" | "layer4.state" | "layer4.connection_duration" | "layer4.over_rate" | "layer4.connections_over";

type Samples = {
  [Path in Exclude<keyof typeof FIELDS, Elsewhere>]: Record<
    keyof (typeof FIELDS)[Path]["operators"],
    (family: Family, hook: Hook) => Sample
  >;
};

const SCTP = { protocol: 132, layer: payload(12) };

function ends(family: Family, operator: "address" | "prefix" | "range", side: "src" | "dst"): Omit<Sample, "rule"> & { text: string } {
  const text = operator === "address" ? family.remote : family[operator].text;
  const inside = operator === "address" ? [] : [{ [side]: family[operator].last }];
  const beyond = operator === "address" ? family.range.last : family[operator].beyond;
  return { text, hits: [{ [side]: family.remote }, ...inside], misses: [{ [side]: beyond }, { [side]: family.stranger }] };
}

function from(operator: "address" | "prefix" | "range") {
  return (family: Family) => {
    const { text, ...probes } = ends(family, operator, "src");
    return { rule: { layer3: { source: [text] } }, ...probes };
  };
}

function to(operator: "address" | "prefix" | "range") {
  return (family: Family) => {
    const { text, ...probes } = ends(family, operator, "dst");
    return { rule: { layer3: { destination: [text] } }, ...probes };
  };
}

/** A rule that leaves out what another asks for: what hits the one misses the other. */
function leavingOut({ rule, hits, misses }: Sample<NotConfig>): Sample {
  return { rule: { not: rule }, hits: misses, misses: hits };
}

/** Members of both families: a rule that names a set asks for no family. */
const EDGES = { sets: { edges: { addresses: FAMILIES.flatMap(({ prefix, range }) => [prefix.text, range.text]) } } };

function inSet(end: "source" | "destination", side: "src" | "dst") {
  return ({ remote, stranger, local, prefix }: Family): Sample => ({
    ...EDGES,
    rule: { layer3: { [end]: ["@edges"] } },
    hits: [{ [side]: remote }, { [side]: prefix.last }],
    misses: [{ [side]: stranger }, { [side]: prefix.beyond, ...(side === "dst" ? { src: stranger } : { dst: local }) }],
  });
}

const NOBODY: Probe = { process: null, layer: TCP({ sport: 5002 }) };
const CURL: Probe = {
  layer: TCP({ sport: 5000 }),
  process: {
    executable: "/usr/bin/curl",
    command: "curl --head 192.0.2.1",
    user: { uid: 33, name: "www-data" },
    parents: ["/usr/bin/dash", "/usr/sbin/cron"],
    workload: {
      container: { id: "5f".repeat(32), name: "billing" },
      unit: "docker.service",
      pod: { uid: "b0", name: "web-0", namespace: "shop" },
    },
  },
};
const WGET: Probe = {
  layer: TCP({ sport: 5001 }),
  process: {
    executable: "/usr/bin/wget",
    command: "wget curl",
    user: { uid: 34, name: "backup" },
    parents: ["/usr/bin/bash"],
    workload: {},
  },
};

/** Two ways to say what curl is and wget is not. */
function ofProcess(key: ProcessKey, ...texts: ProcessText[]) {
  return (): Sample => ({ rule: { process: { [key]: texts } }, hits: [CURL], misses: [WGET, NOBODY] });
}

const SAMPLES: Samples = {
  direction: {
    is: ({ stranger }, hook) => ({ rule: { direction: hook }, hits: [{}], misses: [{ otherWay: true, src: stranger }] }),
  },
  interfaces: {
    name: () => ({ rule: { interfaces: [INTERFACE] }, hits: [{}], misses: [{ interface: "eth1" }, { interface: "eth01" }] }),
    pattern: () => ({
      rule: { interfaces: ["e*0"] },
      hits: [{}, { interface: "eno10" }],
      misses: [{ interface: "eth1" }, { interface: "wan0" }],
    }),
  },
  "layer2.vlan": {
    identifier: () => ({
      rule: { layer2: { vlan: [10, 4094] } },
      hits: [{ tags: [10] }, { tags: [4094] }, { tags: [10, 20] }, { tags: [0, 10] }],
      misses: [{}, { tags: [11] }, { tags: [20, 10] }, { tags: [4095] }],
    }),
    range: () => ({
      rule: { layer2: { vlan: ["1-9", "100-199"] } },
      hits: [{ tags: [1] }, { tags: [9] }, { tags: [100] }, { tags: [199] }],
      misses: [{}, { tags: [0] }, { tags: [10] }, { tags: [99] }, { tags: [200] }],
    }),
    none: () => ({
      rule: { layer2: { vlan: ["none", 7] } },
      hits: [{}, { tags: [0] }, { tags: [7] }],
      misses: [{ tags: [1] }, { tags: [0, 1] }, { tags: [4095] }],
    }),
  },
  "layer3.source": { address: from("address"), prefix: from("prefix"), range: from("range"), set: inSet("source", "src") },
  "layer3.destination": { address: to("address"), prefix: to("prefix"), range: to("range"), set: inSet("destination", "dst") },
  "layer3.dscp": {
    name: () => ({
      rule: { layer3: { dscp: ["ef", "af41"] } },
      hits: [{ dscp: 46 }, { dscp: 34 }],
      misses: [{}, { dscp: 47 }, { dscp: 14 }],
    }),
    number: () => ({ rule: { layer3: { dscp: [1, 63] } }, hits: [{ dscp: 1 }, { dscp: 63 }], misses: [{}, { dscp: 2 }, { dscp: 62 }] }),
  },
  "layer4.protocol": {
    name: () => ({ rule: { layer4: { protocol: "udp" } }, hits: [{ layer: UDP() }], misses: [{ layer: TCP() }, SCTP] }),
    number: () => ({
      rule: { layer4: { protocol: 132 } },
      hits: [SCTP],
      misses: [{ layer: UDP() }, { protocol: 133, layer: payload(12) }],
    }),
  },
  "layer4.source_ports": {
    port: () => ({
      rule: { layer4: { protocol: "tcp", source_ports: [5000] } },
      hits: [{ layer: TCP({ sport: 5000 }) }],
      misses: [{ layer: TCP({ sport: 5001 }) }, { layer: TCP({ dport: 5000 }) }, { layer: UDP({ sport: 5000 }) }],
    }),
    range: () => ({
      rule: { layer4: { protocol: "udp", source_ports: ["5000-5010"] } },
      hits: [{ layer: UDP({ sport: 5000 }) }, { layer: UDP({ sport: 5010 }) }],
      misses: [{ layer: UDP({ sport: 4999 }) }, { layer: UDP({ sport: 5011 }) }],
    }),
    set: () => ({
      sets: { odd: { ports: [5001, "5003-5005"] } },
      rule: { layer4: { protocol: "udp", source_ports: [7, "@odd"] } },
      hits: [{ layer: UDP({ sport: 5001 }) }, { layer: UDP({ sport: 5004 }) }, { layer: UDP({ sport: 7 }) }],
      misses: [{ layer: UDP({ sport: 5002 }) }, { layer: UDP({ dport: 5001 }) }],
    }),
  },
  "layer4.destination_ports": {
    port: () => ({
      rule: { layer4: { protocol: "udp", destination_ports: [5000] } },
      hits: [{ layer: UDP({ dport: 5000 }) }],
      misses: [{ layer: UDP({ dport: 5001 }) }, { layer: UDP({ sport: 5000 }) }, { layer: TCP({ dport: 5000 }) }],
    }),
    range: () => ({
      rule: { layer4: { protocol: "tcp", destination_ports: ["65000-65535"] } },
      hits: [{ layer: TCP({ dport: 65000 }) }, { layer: TCP({ dport: 65535 }) }],
      misses: [{ layer: TCP({ dport: 64999 }) }, { layer: TCP({ dport: 80 }) }],
    }),
    set: () => ({
      sets: { web: { ports: [80, "8000-8100"] } },
      rule: { layer4: { protocol: "tcp", destination_ports: ["@web"] } },
      hits: [{ layer: TCP({ dport: 80 }) }, { layer: TCP({ dport: 8050 }) }],
      misses: [{ layer: TCP({ dport: 8101 }) }, { layer: TCP({ sport: 80, dport: 81 }) }],
    }),
  },
  "layer4.icmp": {
    type: ({ icmp, icmpProtocol, types }) => ({
      rule: { layer4: { protocol: icmpProtocol, icmp: [{ type: "echo-request" }] } },
      hits: [{ layer: icmp({ type: types.request }) }, { layer: icmp({ type: types.request, code: 9, id: 2 }) }],
      misses: [{ layer: icmp({ type: types.reply }) }, { layer: UDP() }],
    }),
    type_and_code: ({ icmp, icmpProtocol, types }) => ({
      rule: { layer4: { protocol: icmpProtocol, icmp: [{ type: "destination-unreachable", code: "port-unreachable" }] } },
      hits: [{ layer: icmp({ type: types.unreachable, code: types.port }) }],
      misses: [{ layer: icmp({ type: types.unreachable, code: types.host }) }, { layer: icmp({ type: types.request, code: types.port }) }],
    }),
  },
  "layer4.flags": {
    set: () => ({
      rule: { layer4: { protocol: "tcp", flags: { set: ["syn", "urg"] } } },
      hits: [{ layer: TCP({ flags: ["syn", "urg"] }) }, { layer: TCP({ flags: ["syn", "urg", "psh"] }) }],
      misses: [{ layer: TCP({ flags: ["syn"] }) }, { layer: TCP({ flags: ["syn", "psh"] }) }],
    }),
    unset: () => ({
      rule: { layer4: { protocol: "tcp", flags: { unset: ["psh", "urg"] } } },
      hits: [{ layer: TCP({ flags: ["syn"] }) }, { layer: TCP({ flags: ["syn", "ece"] }) }],
      misses: [{ layer: TCP({ flags: ["syn", "psh"] }) }, { layer: TCP({ flags: ["syn", "psh", "urg"] }) }],
    }),
    set_and_unset: () => ({
      rule: { layer4: { protocol: "tcp", flags: { set: ["syn", "ece"], unset: ["cwr"] } } },
      hits: [{ layer: TCP({ flags: ["syn", "ece"] }) }],
      misses: [{ layer: TCP({ flags: ["syn"] }) }, { layer: TCP({ flags: ["syn", "ece", "cwr"] }) }],
    }),
  },
  process: {
    executable: ofProcess("executable", "/usr/bin/curl", "/opt/*/curl"),
    command: ofProcess("command", "curl *"),
    user: ofProcess("user", 33, "operator"),
    parent: ofProcess("parent", "/usr/sbin/c*n"),
    container: ofProcess("container", "billing"),
    unit: ofProcess("unit", "docker.*"),
    pod: ofProcess("pod", "shop/web-*"),
    namespace: ofProcess("namespace", "shop", "store"),
    several: () => ({
      rule: { process: { executable: "*/curl", user: "www-*", container: "*" } },
      hits: [CURL],
      misses: [WGET, NOBODY, { process: { ...CURL.process, user: { uid: 0, name: "root" } }, layer: TCP({ sport: 5003 }) }],
    }),
  },
  not: {
    process: () =>
      leavingOut({
        rule: { process: { executable: "*/curl", user: 33 } },
        hits: [CURL],
        misses: [WGET, NOBODY, { process: { ...CURL.process, user: { uid: 0 } }, layer: TCP({ sport: 5003 }) }],
      }),
    interfaces: () =>
      leavingOut({
        rule: { interfaces: ["e*0"] },
        hits: [{}, { interface: "eno10" }],
        misses: [{ interface: "eth1" }, { interface: "wan0" }],
      }),
    "layer3.source": (family) => leavingOut(from("prefix")(family)),
    "layer3.destination": (family) => leavingOut(to("range")(family)),
    "layer4.protocol": () =>
      leavingOut({ rule: { layer4: { protocol: "udp" } }, hits: [{ layer: UDP() }], misses: [{ layer: TCP() }, SCTP] }),
    "layer4.source_ports": () => ({
      rule: { layer4: { protocol: "tcp" }, not: { layer4: { source_ports: [5000, "5002-5010"] } } },
      hits: [{ layer: TCP({ sport: 5001 }) }, { layer: TCP({ sport: 4999 }) }, { layer: TCP({ sport: 5011 }) }],
      misses: [{ layer: TCP({ sport: 5000 }) }, { layer: TCP({ sport: 5010 }) }, { layer: UDP({ sport: 5001 }) }],
    }),
    "layer4.destination_ports": () => ({
      rule: {
        layer4: { protocol: "udp", destination_ports: ["5000-5010"] },
        not: { layer4: { destination_ports: ["5000-5004", "5006-6000"] } },
      },
      hits: [{ layer: UDP({ dport: 5005 }) }],
      misses: [
        { layer: UDP({ dport: 5004 }) },
        { layer: UDP({ dport: 5006 }) },
        { layer: UDP({ dport: 4999 }) },
        { layer: TCP({ dport: 5005 }) },
      ],
    }),
    "layer4.icmp": ({ icmp, icmpProtocol, types }) => ({
      rule: {
        layer4: { protocol: icmpProtocol },
        not: { layer4: { icmp: [{ type: "echo-request" }, { type: "destination-unreachable", code: "port-unreachable" }] } },
      },
      hits: [
        { layer: icmp({ type: types.reply }) },
        { layer: icmp({ type: types.unreachable, code: types.host }) },
        { layer: icmp({ type: types.request + 5 }) },
      ],
      misses: [
        { layer: icmp({ type: types.request, code: 9 }) },
        { layer: icmp({ type: types.unreachable, code: types.port }) },
        { layer: UDP() },
      ],
    }),
    several: ({ remote, stranger }) => ({
      rule: { not: { interfaces: [INTERFACE], layer3: { source: [remote] }, layer4: { protocol: "tcp", destination_ports: [5000] } } },
      hits: [
        { layer: TCP({ dport: 5001 }) },
        { layer: UDP({ dport: 5000 }) },
        { src: stranger, layer: TCP({ dport: 5000 }) },
        { interface: "eth1", layer: TCP({ dport: 5000 }) },
      ],
      misses: [{ layer: TCP({ dport: 5000 }) }, { layer: TCP({ sport: 7, dport: 5000 }) }],
    }),
  },
};

const RULE = "sample";

function step(family: Family, hook: Hook, probe: Probe, expect: PacketStep["expect"]): PacketStep {
  const { src = family.remote, dst = family.local, protocol, dscp = 0, tags = [], layer = TCP() } = probe;
  const bytes = frame(
    Ethernet(),
    ...tags.map((tag) => VLAN(tag)),
    family.ip({ src, dst, dscp, ...(protocol !== undefined && { protocol }) }),
    layer,
  );
  const seenAt = probe.otherWay ? (hook === "ingress" ? "egress" : "ingress") : hook;
  return at(seenAt, bytes, expect, {
    ...(probe.interface === undefined ? {} : { interface: probe.interface }),
    ...(probe.process === undefined ? {} : { process: probe.process }),
  });
}

function casesOf(path: string, operator: string, family: Family, hook: Hook, { sets = {}, rule, hits, misses }: Sample): Case[] {
  const about = `${hook} ${family.name}: ${path}, ${operator}`;
  const steps = (probes: Probe[], expect: PacketStep["expect"]): PacketStep[] => probes.map((probe) => step(family, hook, probe, expect));
  return [
    {
      name: `${about}: a staged block is told, and passes`,
      config: { mode: "prevent", sets, rules: [{ ...rule, name: RULE, action: "block" }] },
      steps: [...steps(misses, passed()), ...steps(hits, passed("default", RULE))],
    },
    {
      name: `${about}: an enforced block drops in prevent, and would in detect`,
      config: { sets, rules: [{ ...rule, name: RULE, action: "block", enforce: true }] },
      steps: [
        ...steps(hits, wouldDrop(RULE)),
        ...steps(misses, passed()),
        { mode: "prevent" },
        ...steps(hits, dropped(RULE)),
        ...steps(misses, passed()),
      ],
    },
    {
      name: `${about}: an allow passes where all else is blocked`,
      config: { mode: "prevent", defaults: { action: "block" }, sets, rules: [{ ...rule, name: RULE, action: "allow" }] },
      steps: [...steps(misses, dropped("default")), ...steps(hits, passed(RULE))],
    },
  ];
}

export const FIELD_CASES: Case[] = Object.entries(SAMPLES).flatMap(([path, operators]) =>
  Object.entries(operators).flatMap(([operator, make]) =>
    (["ingress", "egress"] as const).flatMap((hook) =>
      FAMILIES.flatMap((family) => casesOf(path, operator, family, hook, make(family, hook))),
    ),
  ),
);
