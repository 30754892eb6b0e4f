/** Banned addresses: on ingress the sender's, on egress the receiver's, before anything else is asked but the failsafes. */

import { Ethernet, frame, IPv4, IPv6, payload, TCP, UDP, VXLAN } from "../../harness/packet.ts";
import type { Layer } from "../../harness/packet/layer.ts";
import { type Case, dropped, inward, outward, passed, undecided, wouldDrop } from "../case.ts";
import { type Family, forBoth, fromLocal, fromRemote } from "../family.ts";

const ALLOW_ALL = { name: "all", action: "allow" } as const;
const BANNED = dropped("ban");

const cases = (f: Family): Case[] => {
  const between = (src: string, dst: string, ...layers: Layer[]): Uint8Array => frame(Ethernet(), f.ip({ src, dst }), ...layers);
  const opening = TCP({ sport: 40000, dport: 80, flags: ["syn"] });
  return [
    {
      name: `${f.name}: a banned address is dropped in both directions, whatever rules say, and its twin passes`,
      config: { mode: "prevent", rules: [ALLOW_ALL] },
      host: { bans: [f.remote] },
      steps: [
        inward(fromRemote(f, opening), BANNED),
        outward(between(f.local, f.remote, TCP({ sport: 50000, dport: 443, flags: ["syn"] })), BANNED),
        inward(between(f.stranger, f.local, opening), passed("all")),
        outward(between(f.local, f.stranger, TCP({ sport: 50000, dport: 443, flags: ["syn"] })), passed("all")),
      ],
    },
    {
      name: `${f.name}: detect only tells what a ban would drop, and a connection of the banned does not begin by it`,
      config: { rules: [] },
      host: { bans: [f.remote] },
      steps: [inward(fromRemote(f, opening), wouldDrop("ban")), inward(fromRemote(f, opening), wouldDrop("ban"))],
    },
    {
      name: `${f.name}: a prefix is banned whole`,
      config: { mode: "prevent" },
      host: { bans: [f.prefix.text] },
      steps: [inward(fromRemote(f, opening), BANNED), inward(between(f.stranger, f.local, opening), passed())],
    },
    {
      name: `${f.name}: a range is banned from its first to its last address`,
      config: { mode: "prevent" },
      host: { bans: [f.range.text] },
      steps: [inward(fromRemote(f, opening), BANNED), inward(between(f.stranger, f.local, opening), passed())],
    },
    {
      name: `${f.name}: whoever is excepted is not banned`,
      config: { mode: "prevent" },
      host: { bans: [f.prefix.text, f.remote], banExceptions: [f.remote] },
      steps: [inward(fromRemote(f, opening), passed())],
    },
    {
      name: `${f.name}: an address that always passes is not reached by a ban, and a management port does not help the banned`,
      config: { mode: "prevent", failsafe: { addresses: [f.remote] } },
      host: { bans: [f.remote, f.stranger] },
      steps: [
        inward(fromRemote(f, opening), passed("failsafe")),
        inward(between(f.stranger, f.local, TCP({ sport: 40000, dport: 22, flags: ["syn"] })), BANNED),
      ],
    },
    {
      name: `${f.name}: a malformed packet of a banned address is dropped as banned, and one of another is undecided`,
      config: { mode: "prevent" },
      host: { bans: [f.remote] },
      steps: [
        inward(fromRemote(f, TCP({ doff: 4 })), BANNED),
        inward(between(f.stranger, f.local, TCP({ doff: 4 })), undecided("tcp_header_length")),
      ],
    },
    {
      name: `${f.name}: loopback knows no bans`,
      config: { mode: "prevent" },
      host: { bans: [f.remote] },
      steps: [inward(fromRemote(f, opening), passed("failsafe"), { interface: "lo" }), inward(fromRemote(f, opening), BANNED)],
    },
    {
      name: `${f.name}: a banned address inside a tunnel`,
      config: { mode: "prevent" },
      host: { bans: [f.remote] },
      steps: [
        inward(
          between(f.stranger, f.local, UDP({ sport: 50000 }), VXLAN(), Ethernet(), f.ip({ src: f.remote, dst: f.local }), opening),
          BANNED,
        ),
        inward(
          between(f.stranger, f.local, UDP({ sport: 50000 }), VXLAN(), Ethernet(), f.ip({ src: f.stranger, dst: f.local }), opening),
          passed(),
        ),
      ],
    },
    {
      name: `${f.name}: a reply to the banned`,
      config: { mode: "prevent" },
      host: { bans: [f.remote] },
      steps: [outward(fromLocal(f, UDP({ sport: 53, dport: 40000 })), BANNED)],
    },
  ];
};

const LENGTHS: Case[] = [
  ...[8, 16, 23, 24, 25, 31, 32].map(
    (length): Case => ({
      name: `IPv4: a ban of ${length} bits`,
      config: { mode: "prevent" },
      host: { bans: [`203.0.113.7/${length}`] },
      steps: [
        inward(frame(Ethernet(), IPv4({ src: "203.0.113.7" }), UDP()), BANNED),
        inward(frame(Ethernet(), IPv4({ src: "11.0.113.7" }), UDP()), passed()),
      ],
    }),
  ),
  ...[16, 48, 63, 64, 65, 96, 127, 128].map(
    (length): Case => ({
      name: `IPv6: a ban of ${length} bits`,
      config: { mode: "prevent" },
      host: { bans: [`2001:db8:5::7:7/${length}`] },
      steps: [
        inward(frame(Ethernet(), IPv6({ src: "2001:db8:5::7:7" }), UDP()), BANNED),
        inward(frame(Ethernet(), IPv6({ src: "2002:db8:5::7:7" }), UDP()), passed()),
      ],
    }),
  ),
  {
    name: "more bans of one /24 than a line holds",
    config: { mode: "prevent" },
    host: { bans: Array.from({ length: 30 }, (_, host) => `203.0.113.${2 * host}`) },
    steps: Array.from({ length: 60 }, (_, host) =>
      inward(frame(Ethernet(), IPv4({ src: `203.0.113.${host}` }), UDP()), host % 2 === 0 ? BANNED : passed()),
    ),
  },
  {
    name: "a ban of ::/1 does not reach IPv4",
    config: { mode: "prevent" },
    host: { bans: ["2000::/3"] },
    steps: [inward(frame(Ethernet(), IPv6({ src: "2001:db8::1" }), UDP()), BANNED), inward(frame(Ethernet(), IPv4(), UDP()), passed())],
  },
  {
    name: "DHCP of this host passes, whoever is banned",
    config: { mode: "prevent" },
    host: { bans: ["198.18.0.1"] },
    steps: [
      inward(frame(Ethernet(), IPv4({ src: "198.18.0.1" }), UDP({ sport: 67, dport: 68 }), payload(240)), passed("failsafe")),
      inward(frame(Ethernet(), IPv4({ src: "198.18.0.1" }), UDP({ sport: 66, dport: 68 })), BANNED),
    ],
  },
];

export const BAN_CASES: Case[] = [...forBoth(cases), ...LENGTHS];
