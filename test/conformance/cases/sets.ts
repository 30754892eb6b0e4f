/** Sets that rules name: members of every length and family, several sets, both ends, and what a change of them does. */

import { Ethernet, frame, IPv4, IPv6, payload, TCP, UDP, VXLAN } from "../../harness/packet.ts";
import { type Case, dropped, inward, outward, passed, undecided } from "../case.ts";
import { type Family, forBoth, fromRemote, partFromRemote } from "../family.ts";
import type { PolicyText } from "../policy.ts";

const BLOCKED = dropped("bad");
const UNHURT = passed();

/** A policy that drops what comes from members of these. */
function blocking(addresses: string[], more: Partial<PolicyText> = {}): PolicyText {
  return {
    mode: "prevent",
    sets: { bad: { addresses } },
    rules: [{ name: "bad", action: "block", enforce: true, layer3: { source: ["@bad"] } }],
    ...more,
  };
}

const cases = (f: Family): Case[] => {
  const between = (src: string, dst: string): Uint8Array => frame(Ethernet(), f.ip({ src, dst }), TCP());
  const fromStranger = between(f.stranger, f.local);
  return [
    {
      name: `${f.name}: a rule matches what any of its sets holds, or its own addresses`,
      config: {
        mode: "prevent",
        sets: { one: { addresses: [f.remote] }, other: { addresses: [f.stranger] } },
        rules: [{ name: "bad", action: "block", enforce: true, layer3: { source: ["@one", f.local, "@other"] } }],
      },
      steps: [
        inward(fromRemote(f, TCP()), BLOCKED),
        inward(fromStranger, BLOCKED),
        outward(between(f.local, f.remote), BLOCKED),
        inward(between(f.prefix.last, f.local), UNHURT),
      ],
    },
    {
      name: `${f.name}: an address in two sets meets the rules of both, in their order`,
      config: {
        mode: "prevent",
        sets: { wide: { addresses: [f.any] }, narrow: { addresses: [f.remote] } },
        rules: [
          { name: "known", action: "allow", layer3: { source: ["@narrow"] } },
          { name: "bad", action: "block", enforce: true, layer3: { source: ["@wide"] } },
        ],
      },
      steps: [inward(fromRemote(f, TCP()), passed("known")), inward(fromStranger, BLOCKED)],
    },
    {
      name: `${f.name}: sets at both ends, and a port`,
      config: {
        mode: "prevent",
        sets: { near: { addresses: [f.local], ports: [80] }, far: { addresses: [f.remote] } },
        rules: [
          {
            name: "bad",
            action: "block",
            enforce: true,
            layer3: { source: ["@far"], destination: ["@near"] },
            layer4: { protocol: "tcp", destination_ports: ["@near"] },
          },
        ],
      },
      steps: [
        inward(fromRemote(f, TCP({ dport: 80 })), BLOCKED),
        inward(fromRemote(f, TCP({ dport: 81 })), UNHURT),
        inward(fromStranger, UNHURT),
        outward(frame(Ethernet(), f.ip({ src: f.local, dst: f.stranger }), TCP({ sport: 50000, dport: 80 })), UNHURT),
      ],
    },
    {
      name: `${f.name}: a set without members matches nothing`,
      config: blocking([]),
      steps: [inward(fromRemote(f, TCP()), UNHURT)],
    },
    {
      name: `${f.name}: a connection meets the changed set with its next packet`,
      config: blocking([f.stranger]),
      steps: [
        inward(fromRemote(f, TCP({ flags: ["syn"] })), UNHURT),
        inward(fromStranger, BLOCKED),
        { reload: blocking([f.remote]) },
        inward(fromRemote(f, TCP({ flags: ["ack"] })), BLOCKED),
        inward(fromStranger, UNHURT),
        { reload: blocking([f.remote, f.stranger]) },
        inward(fromRemote(f, TCP({ flags: ["ack"] })), BLOCKED),
        inward(fromStranger, BLOCKED),
        { reload: blocking([]) },
        inward(fromRemote(f, TCP({ flags: ["ack"] })), UNHURT),
      ],
    },
    {
      name: `${f.name}: who comes into a set by himself is in it from the next packet on, also of an open connection, until he is out`,
      config: blocking([]),
      steps: [
        inward(fromRemote(f, TCP({ flags: ["syn"] })), UNHURT),
        outward(between(f.local, f.remote), UNHURT),
        { members: { bad: [f.remote] } },
        inward(fromRemote(f, TCP({ flags: ["ack"] })), BLOCKED),
        inward(fromStranger, UNHURT),
        { members: { bad: [f.any] } },
        inward(fromRemote(f, TCP({ flags: ["ack"] })), BLOCKED),
        inward(fromStranger, BLOCKED),
        { members: {} },
        inward(fromRemote(f, TCP({ flags: ["ack"] })), UNHURT),
        inward(fromStranger, UNHURT),
      ],
    },
    {
      name: `${f.name}: what a policy writes in a set stays beside who comes and goes, and they stay with other rules`,
      config: blocking([f.stranger]),
      steps: [
        { members: { bad: [f.remote, f.stranger] } },
        inward(fromRemote(f, TCP()), BLOCKED),
        inward(fromStranger, BLOCKED),
        { reload: { ...blocking([f.stranger]), rules: [{ name: "other", action: "block", enforce: true, layer3: { source: ["@bad"] } }] } },
        inward(fromRemote(f, TCP()), dropped("other")),
        inward(fromStranger, dropped("other")),
        { members: {} },
        inward(fromRemote(f, TCP()), UNHURT),
        inward(fromStranger, dropped("other")),
      ],
    },
    {
      name: `${f.name}: of two sets, each has members of its own`,
      config: {
        mode: "prevent",
        sets: { near: {}, far: {} },
        rules: [{ name: "bad", action: "block", enforce: true, layer3: { source: ["@far"], destination: ["@near"] } }],
      },
      steps: [
        { members: { near: [f.remote], far: [f.local] } },
        inward(fromRemote(f, TCP()), UNHURT),
        { members: { near: [f.local], far: [f.remote] } },
        inward(fromRemote(f, TCP()), BLOCKED),
        inward(fromStranger, UNHURT),
      ],
    },
    {
      name: `${f.name}: sets change places`,
      config: { ...blocking([f.remote]), sets: { bad: { addresses: [f.remote] }, good: { addresses: [f.stranger] } } },
      steps: [
        inward(fromRemote(f, TCP()), BLOCKED),
        { reload: { ...blocking([]), sets: { new: { addresses: [f.remote] }, bad: { addresses: [f.stranger] } } } },
        inward(fromRemote(f, TCP()), UNHURT),
        inward(fromStranger, BLOCKED),
        { reload: { ...blocking([]), sets: { bad: { addresses: [f.remote] } } } },
        inward(fromRemote(f, TCP()), BLOCKED),
        inward(fromStranger, UNHURT),
      ],
    },
    {
      name: `${f.name}: a set inside a tunnel`,
      config: blocking([f.remote]),
      steps: [
        inward(
          frame(
            Ethernet(),
            f.ip({ src: f.stranger, dst: f.local }),
            UDP({ sport: 50000 }),
            VXLAN(),
            Ethernet(),
            f.ip({ src: f.remote, dst: f.local }),
            TCP(),
          ),
          BLOCKED,
        ),
        inward(
          frame(
            Ethernet(),
            f.ip({ src: f.stranger, dst: f.local }),
            UDP({ sport: 50001 }),
            VXLAN(),
            Ethernet(),
            f.ip({ src: f.prefix.last, dst: f.local }),
            TCP(),
          ),
          UNHURT,
        ),
      ],
    },
    {
      name: `${f.name}: a later fragment is known by its addresses, unless a port is asked for`,
      config: {
        mode: "prevent",
        sets: { bad: { addresses: [f.remote] }, odd: { addresses: [f.stranger] } },
        rules: [
          { name: "bad", action: "block", enforce: true, layer3: { source: ["@bad"] } },
          {
            name: "odd",
            action: "block",
            enforce: true,
            layer3: { source: ["@odd"] },
            layer4: { protocol: "udp", destination_ports: [9] },
          },
        ],
      },
      steps: [
        inward(partFromRemote(f, { offset: 64, more: false, protocol: 17 }, payload(16)), BLOCKED),
        inward(
          frame(Ethernet(), ...f.part({ src: f.stranger, dst: f.local }, { offset: 64, more: false, protocol: 17 }), payload(16)),
          undecided("fragment_without_first"),
        ),
        inward(
          frame(Ethernet(), ...f.part({ src: f.prefix.last, dst: f.local }, { offset: 64, more: false, protocol: 17 }), payload(16)),
          UNHURT,
        ),
      ],
    },
    {
      name: `${f.name}: many rules, so that they are looked up and not compared`,
      config: {
        mode: "prevent",
        sets: { bad: { addresses: [f.remote] } },
        rules: [
          ...Array.from({ length: 40 }, (_, number) => ({
            name: `r${number}`,
            action: "block" as const,
            enforce: true,
            layer3: { destination: [f.name === "IPv4" ? `10.0.${number}.0/24` : `2001:db8:1${number}::/48`] },
          })),
          {
            name: "bad",
            action: "block",
            enforce: true,
            layer3: { source: ["@bad"] },
            layer4: { protocol: "tcp", destination_ports: [80] },
          },
        ],
      },
      steps: [inward(fromRemote(f, TCP({ dport: 80 })), BLOCKED), inward(fromStranger, UNHURT)],
    },
  ];
};

const LENGTHS: Case[] = [
  ...[0, 1, 8, 16, 23, 24, 25, 31, 32].map(
    (length): Case => ({
      name: `IPv4: a member of ${length} bits`,
      config: blocking([`203.0.113.7/${length}`]),
      steps: [
        inward(frame(Ethernet(), IPv4({ src: "203.0.113.7" }), UDP()), BLOCKED),
        inward(frame(Ethernet(), IPv4({ src: "11.0.113.7" }), UDP()), length === 0 ? BLOCKED : UNHURT),
        inward(frame(Ethernet(), IPv6(), UDP()), UNHURT),
      ],
    }),
  ),
  ...[0, 1, 16, 48, 63, 64, 65, 95, 96, 128].map(
    (length): Case => ({
      name: `IPv6: a member of ${length} bits`,
      config: blocking([`2001:db8:5::7:7/${length}`]),
      steps: [
        inward(frame(Ethernet(), IPv6({ src: "2001:db8:5::7:7" }), UDP()), BLOCKED),
        inward(frame(Ethernet(), IPv6({ src: "a002:db8:5::7:7" }), UDP()), length === 0 ? BLOCKED : UNHURT),
        inward(frame(Ethernet(), IPv4(), UDP()), UNHURT),
      ],
    }),
  ),
  {
    name: "a whole /24 of single members, half of them in one set and half in another",
    config: {
      mode: "prevent",
      sets: Object.fromEntries(
        ["even", "odd"].map((name, rest) => [
          name,
          { addresses: Array.from({ length: 128 }, (_, host) => `203.0.113.${2 * host + rest}`) },
        ]),
      ),
      rules: [{ name: "bad", action: "block", enforce: true, layer3: { source: ["@odd"] } }],
    },
    steps: Array.from({ length: 256 }, (_, host) =>
      inward(frame(Ethernet(), IPv4({ src: `203.0.113.${host}` }), UDP()), host % 2 === 1 ? BLOCKED : UNHURT),
    ),
  },
  {
    name: "64 sets, each with one rule of its own",
    config: {
      mode: "prevent",
      sets: Object.fromEntries(
        Array.from({ length: 64 }, (_, number) => [`s${number}`, { addresses: [`203.0.113.${number}`, `10.${number}.0.0/16`] }]),
      ),
      rules: Array.from({ length: 64 }, (_, number) => ({
        name: `r${number}`,
        action: "block" as const,
        enforce: true,
        layer3: { source: [`@s${number}`] },
      })),
    },
    steps: Array.from({ length: 65 }, (_, number) => [
      inward(frame(Ethernet(), IPv4({ src: `203.0.113.${number}` }), UDP()), number < 64 ? dropped(`r${number}`) : UNHURT),
      inward(frame(Ethernet(), IPv4({ src: `10.${number}.7.7` }), UDP()), number < 64 ? dropped(`r${number}`) : UNHURT),
    ]).flat(),
  },
  {
    name: "one prefix in nine sets",
    config: {
      mode: "prevent",
      sets: Object.fromEntries(Array.from({ length: 9 }, (_, number) => [`s${number}`, { addresses: ["10.0.0.0/8"] }])),
      rules: [{ name: "bad", action: "block", enforce: true, layer3: { source: ["@s8"] } }],
    },
    steps: [
      inward(frame(Ethernet(), IPv4({ src: "10.1.2.3" }), UDP()), BLOCKED),
      inward(frame(Ethernet(), IPv4({ src: "11.1.2.3" }), UDP()), UNHURT),
    ],
  },
];

export const SET_CASES: Case[] = [...forBoth(cases), ...LENGTHS];
