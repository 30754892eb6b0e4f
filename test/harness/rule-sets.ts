/**
 * Rule sets of any size in the shapes that real ones have, and packets for them: each profile is the same for the same
 * seed. Addresses are those of documentation and private networks as far as they go.
 */

import type { RuleText } from "../conformance/policy.ts";
import type { Random } from "./random.ts";

export type Profile = (random: Random, count: number) => RuleText[];

/** What a packet opens. */
export interface Opening {
  ipv6: boolean;
  source: string;
  destination: string;
  protocol: "tcp" | "udp";
  sourcePort: number;
  destinationPort: number;
}

const SERVICES = [
  22, 25, 53, 80, 110, 123, 143, 389, 443, 445, 465, 587, 636, 993, 995, 1433, 1521, 3306, 3389, 5432, 5900, 6379, 8080, 8443, 9200, 11211,
  27017,
];
const RANGES = ["1024-65535", "0-1023", "6000-6063", "8000-8100", "30000-32767", "49152-65535"];

export const PROFILES = {
  /** Many clients and servers, named to the host or a small prefix, one service each. */
  "access list": (random, count) =>
    rules(count, (n) => ({
      action: random.oneIn(3) ? "allow" : "block",
      layer3: {
        ...(random.oneIn(8)
          ? {}
          : {
              source: [
                prefix4(
                  random,
                  "10",
                  pickLength(random, [
                    [32, 5],
                    [28, 2],
                    [24, 4],
                    [16, 1],
                  ]),
                ),
              ],
            }),
        ...(random.oneIn(10)
          ? {}
          : {
              destination: [
                prefix4(
                  random,
                  "172",
                  pickLength(random, [
                    [32, 6],
                    [29, 1],
                    [24, 3],
                  ]),
                ),
              ],
            }),
      },
      layer4: {
        protocol: random.oneIn(4) ? "udp" : "tcp",
        ...(random.oneIn(6) ? {} : { destination_ports: [random.oneIn(5) ? random.pick(RANGES) : service(random, n)] }),
      },
    })),

  /** Zones that talk to zones, with nested prefixes, many wildcards and port ranges. */
  firewall: (random, count) =>
    rules(count, () => ({
      action: random.oneIn(2) ? "allow" : "block",
      layer3: {
        ...(random.oneIn(3)
          ? {}
          : {
              source: [
                prefix4(
                  random,
                  "192",
                  pickLength(random, [
                    [8, 1],
                    [16, 3],
                    [20, 2],
                    [24, 4],
                    [27, 1],
                    [32, 3],
                  ]),
                ),
              ],
            }),
        ...(random.oneIn(3)
          ? {}
          : {
              destination: [
                prefix4(
                  random,
                  "10",
                  pickLength(random, [
                    [12, 1],
                    [16, 2],
                    [22, 2],
                    [24, 4],
                    [32, 4],
                  ]),
                ),
              ],
            }),
      },
      layer4: {
        protocol: random.oneIn(3) ? "udp" : "tcp",
        ...(random.oneIn(3) ? {} : { destination_ports: [random.oneIn(3) ? random.pick(RANGES) : random.below(65536)] }),
        ...(random.oneIn(5) ? { source_ports: [random.oneIn(2) ? random.pick(RANGES) : random.below(65536)] } : {}),
      },
    })),

  /** Everything inside one /16, so that the first half of an address tells nothing. */
  "one site": (random, count) =>
    rules(count, (n) => ({
      action: random.oneIn(2) ? "allow" : "block",
      layer3: {
        source: [`10.7.${random.below(256)}.${random.oneIn(3) ? "0/24" : `${random.below(256)}/32`}`],
        destination: [`10.7.${random.below(256)}.${random.oneIn(3) ? `${random.below(16) * 16}/28` : `${random.below(256)}/32`}`],
      },
      layer4: {
        protocol: random.oneIn(4) ? "udp" : "tcp",
        destination_ports: [random.oneIn(6) ? random.pick(RANGES) : service(random, n)],
      },
    })),

  /** Prefixes of a few sites, subnets and hosts. */
  ipv6: (random, count) =>
    rules(count, (n) => ({
      action: random.oneIn(2) ? "allow" : "block",
      layer3: {
        ...(random.oneIn(6)
          ? {}
          : {
              source: [
                prefix6(
                  random,
                  pickLength(random, [
                    [32, 1],
                    [48, 3],
                    [56, 1],
                    [64, 4],
                    [128, 4],
                  ]),
                ),
              ],
            }),
        ...(random.oneIn(6)
          ? {}
          : {
              destination: [
                prefix6(
                  random,
                  pickLength(random, [
                    [48, 2],
                    [64, 4],
                    [128, 6],
                  ]),
                ),
              ],
            }),
      },
      layer4: {
        protocol: random.oneIn(4) ? "udp" : "tcp",
        ...(random.oneIn(5) ? {} : { destination_ports: [random.oneIn(5) ? random.pick(RANGES) : service(random, n)] }),
      },
    })),
} satisfies Record<string, Profile>;

/** Sets whose rules lie so close together that keys must be split in every way; few of them fit. */
export const DENSE = {
  "port ranges": (random, count) =>
    rules(count, () => {
      const range = (): string[] => {
        const first = random.below(65536);
        return [`${first}-${Math.min(65535, first + random.below(2 ** random.below(17)))}`];
      };
      return {
        action: random.oneIn(2) ? "allow" : "block",
        ...(random.oneIn(2) ? {} : { layer3: { destination: [`10.0.${random.below(3)}.0/24`] } }),
        layer4: {
          protocol: random.oneIn(4) ? "udp" : "tcp",
          ...(random.oneIn(4) && { source_ports: range() }),
          ...(!random.oneIn(8) && { destination_ports: range() }),
        },
      };
    }),
  hosts: (random, count) =>
    rules(count, () => ({
      action: random.oneIn(2) ? "allow" : "block",
      layer3: {
        [random.oneIn(2) ? "source" : "destination"]: [
          random.oneIn(4) ? `10.7.7.${16 * random.below(16)}/${random.pick([28, 29, 30])}` : `10.7.7.${random.below(256)}/32`,
        ],
      },
      layer4: { protocol: random.oneIn(2) ? "udp" : "tcp" },
    })),
} satisfies Record<string, Profile>;

export type ProfileName = keyof typeof PROFILES;
export const PROFILE_NAMES = Object.keys(PROFILES) as ProfileName[];

/** A packet that one rule matches, or that has one field of another rule, or that is anything. */
export function openingFor(random: Random, rules: readonly RuleText[]): Opening {
  const rule = random.pick(rules);
  const other = random.oneIn(3) ? random.pick(rules) : rule;
  const some = random.pick(rules).layer3;
  const ipv6 = [rule.layer3, other.layer3, some].some((layer) =>
    [...(layer?.source ?? []), ...(layer?.destination ?? [])].some((text) => text.includes(":")),
  );
  const address = (text: string | undefined): string =>
    text === undefined || random.oneIn(20) ? anyAddress(random, ipv6) : addressIn(random, text);
  return {
    ipv6,
    source: address(rule.layer3?.source?.[0]),
    destination: address(other.layer3?.destination?.[0]),
    protocol: random.oneIn(10) ? random.pick(["tcp", "udp"] as const) : rule.layer4?.protocol === "udp" ? "udp" : "tcp",
    sourcePort: portIn(random, other.layer4?.source_ports?.[0]),
    destinationPort: portIn(random, (random.oneIn(4) ? other : rule).layer4?.destination_ports?.[0]),
  };
}

/** A packet to somewhere near what the rules speak of, and to a port that none of them may name. */
export function scanFor(random: Random, rules: readonly RuleText[]): Opening {
  const near = openingFor(random, rules);
  return { ...near, source: anyAddress(random, near.ipv6), sourcePort: random.below(65536), destinationPort: random.below(65536) };
}

function rules(count: number, make: (number: number) => Omit<RuleText, "name">): RuleText[] {
  return Array.from({ length: count }, (_, number) => ({ name: `r${number}`, enforce: true, ...make(number) }));
}

function pickLength(random: Random, weighted: readonly (readonly [length: number, weight: number])[]): number {
  let left = random.below(weighted.reduce((sum, [, weight]) => sum + weight, 0));
  for (const [length, weight] of weighted) if ((left -= weight) < 0) return length;
  return weighted[0]![0];
}

function service(random: Random, number: number): number {
  return random.oneIn(3) ? 1024 + (number % 40000) : random.pick(SERVICES);
}

function prefix4(random: Random, first: string, length: number): string {
  const bits = ((Number(first) << 24) | random.below(2 ** 24)) >>> 0;
  const masked = length === 0 ? 0 : (bits & (0xffffffff << (32 - length))) >>> 0;
  return `${dotted(masked)}/${length}`;
}

const dotted = (bits: number): string => [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join(".");

function prefix6(random: Random, length: number): string {
  const groups = [
    0x2001,
    0xdb8,
    random.below(length <= 48 ? 4096 : 64),
    random.below(256),
    0,
    0,
    random.below(length === 128 ? 4 : 65536),
    random.below(65536),
  ];
  const kept = groups.map((group, index) =>
    length >= 16 * (index + 1) ? group : length <= 16 * index ? 0 : group & (0xffff << (16 * (index + 1) - length)) & 0xffff,
  );
  return `${kept.map((group) => group.toString(16)).join(":")}/${length}`;
}

function anyAddress(random: Random, ipv6: boolean): string {
  return ipv6 ? prefix6(random, 128).split("/")[0]! : dotted(random.below(2 ** 32) % 0xe0000000);
}

function addressIn(random: Random, text: string): string {
  const [base, length] = text.split("/") as [string, string?];
  if (length === undefined) return random.pick(text.split("-"));
  if (text.includes(":")) {
    const groups = base.split(":").map((group) => parseInt(group, 16));
    return groups
      .map((group, index) =>
        (Number(length) >= 16 * (index + 1) ? group : index < Number(length) / 16 ? group : random.below(65536)).toString(16),
      )
      .join(":");
  }
  const bits = base.split(".").reduce((sum, byte) => (sum << 8) | Number(byte), 0) >>> 0;
  const free = 32 - Number(length);
  return dotted((bits | random.below(2 ** free)) >>> 0);
}

function portIn(random: Random, ports: string | number | undefined): number {
  if (ports === undefined || random.oneIn(15)) return random.below(65536);
  const [first, last = first] = String(ports).split("-").map(Number) as [number, number?];
  return random.oneIn(4) ? random.pick([first, last]) : first + random.below(last - first + 1);
}
