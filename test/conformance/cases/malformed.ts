/** Frames that cannot be decided, each beside the right frame it was made from. */

import {
  AH,
  DestinationOptions,
  Ethernet,
  extension,
  Fragment,
  frame,
  HopByHop,
  ICMP,
  ICMPv6,
  IPv4,
  IPv6,
  Mobility,
  payload,
  Routing,
  TCP,
  UDP,
  VLAN,
} from "../../harness/packet.ts";
import type { Layer } from "../../harness/packet/layer.ts";
import type { Outcome } from "../../../agent/policy/reference.ts";
import { at, passed, undecided, type Case } from "../case.ts";
import { forBoth, fromRemote } from "../family.ts";

type Reason = NonNullable<Outcome["reason"]>;

interface Sample {
  name: string;
  right: Uint8Array;
  wrong: Uint8Array;
  reason: Reason;
}

const eth = (...layers: Layer[]): Uint8Array => frame(Ethernet(), ...layers);
const cut = (bytes: Uint8Array, length: number): Uint8Array => bytes.slice(0, length);
const tcp4 = eth(IPv4(), TCP());
const tcp6 = eth(IPv6(), TCP());
const udp4 = eth(IPv4(), UDP(), payload(4));
const udp6 = eth(IPv6(), UDP(), payload(4));
const AT_L4 = { IPv4: 34, IPv6: 54 };

const LINK: Sample[] = [
  { name: "half an Ethernet header", right: tcp4, wrong: cut(tcp4, 13), reason: "ethernet_truncated" },
  {
    name: "three VLAN tags",
    right: eth(VLAN(5), VLAN(6), IPv4(), TCP()),
    wrong: eth(VLAN(5), VLAN(6), VLAN(7), IPv4(), TCP()),
    reason: "vlan_depth",
  },
  {
    name: "three VLAN tags before IPv6, one of them a service tag",
    right: eth(VLAN({ id: 5, tpid: 0x88a8 }), VLAN(6), IPv6(), TCP()),
    wrong: eth(VLAN({ id: 5, tpid: 0x88a8 }), VLAN(0), VLAN(7), IPv6(), TCP()),
    reason: "vlan_depth",
  },
  {
    name: "three priority tags",
    right: eth(VLAN(0), VLAN(0), IPv4(), TCP()),
    wrong: eth(VLAN(0), VLAN(0), VLAN(0), IPv4(), TCP()),
    reason: "vlan_depth",
  },
  { name: "half a VLAN tag", right: eth(VLAN(5), IPv4(), TCP()), wrong: cut(eth(VLAN(5), IPv4(), TCP()), 16), reason: "vlan_truncated" },
  {
    name: "half a second VLAN tag",
    right: eth(VLAN(5), VLAN(6), IPv6(), TCP()),
    wrong: cut(eth(VLAN(5), VLAN(6), IPv6(), TCP()), 21),
    reason: "vlan_truncated",
  },
];

const IPV4: Sample[] = [
  { name: "an IPv4 header cut short", right: tcp4, wrong: cut(tcp4, 33), reason: "ipv4_truncated" },
  { name: "IPv4 of version 5", right: tcp4, wrong: eth(IPv4({ version: 5 }), TCP()), reason: "ipv4_version" },
  { name: "IPv6 under the type of IPv4", right: tcp4, wrong: eth(IPv4({ version: 6 }), TCP()), reason: "ipv4_version" },
  { name: "ihl 4", right: tcp4, wrong: eth(IPv4({ ihl: 4 }), TCP()), reason: "ipv4_header_length" },
  { name: "ihl 0", right: tcp4, wrong: eth(IPv4({ ihl: 0 }), TCP()), reason: "ipv4_header_length" },
  { name: "ihl beyond the frame", right: udp4, wrong: eth(IPv4({ ihl: 15 }), UDP(), payload(4)), reason: "ipv4_total_length" },
  { name: "a total length beyond the frame", right: tcp4, wrong: eth(IPv4({ totalLength: 41 }), TCP()), reason: "ipv4_total_length" },
  { name: "a total length below the header", right: tcp4, wrong: eth(IPv4({ totalLength: 19 }), TCP()), reason: "ipv4_total_length" },
  {
    name: "a total length below a header with options",
    right: eth(IPv4({ options: 8 }), TCP()),
    wrong: eth(IPv4({ options: 8, totalLength: 27 }), TCP()),
    reason: "ipv4_total_length",
  },
  {
    name: "a total length of 0 without segmentation",
    right: tcp4,
    wrong: eth(IPv4({ totalLength: 0 }), TCP()),
    reason: "ipv4_total_length",
  },
  {
    name: "a total length that leaves TCP half a header, with the rest behind it",
    right: tcp4,
    wrong: eth(IPv4({ totalLength: 30 }), TCP()),
    reason: "tcp_truncated",
  },
];

/** IPv6, TCP behind a chain of extension headers. */
const chain = (...headers: Layer[]): Uint8Array => eth(IPv6(), ...headers, TCP());
const repeat = (count: number): Layer[] => Array.from({ length: count }, () => DestinationOptions());

const IPV6: Sample[] = [
  { name: "an IPv6 header cut short", right: tcp6, wrong: cut(tcp6, 53), reason: "ipv6_truncated" },
  { name: "IPv6 of version 4", right: tcp6, wrong: eth(IPv6({ version: 4 }), TCP()), reason: "ipv6_version" },
  { name: "a payload length beyond the frame", right: tcp6, wrong: eth(IPv6({ payloadLength: 21 }), TCP()), reason: "ipv6_payload_length" },
  { name: "a payload length of 0 in front of TCP", right: tcp6, wrong: eth(IPv6({ payloadLength: 0 }), TCP()), reason: "tcp_truncated" },
  {
    name: "a payload length that leaves TCP half a header",
    right: tcp6,
    wrong: eth(IPv6({ payloadLength: 10 }), TCP()),
    reason: "tcp_truncated",
  },
  {
    name: "a jumbogram",
    right: chain(HopByHop()),
    wrong: eth(IPv6({ payloadLength: 0 }), HopByHop({ body: [0xc2, 4, 0, 1, 0, 0] }), TCP()),
    reason: "extension_truncated",
  },
  { name: "nine extension headers", right: chain(...repeat(8)), wrong: chain(...repeat(9)), reason: "extension_depth" },
  {
    name: "nine extension headers of every kind",
    right: chain(HopByHop(), Routing(), AH(), Mobility(), extension(139), extension(140), Fragment(), DestinationOptions()),
    wrong: chain(
      HopByHop(),
      Routing(),
      AH(),
      Mobility(),
      extension(139),
      extension(140),
      Fragment(),
      DestinationOptions(),
      DestinationOptions(),
    ),
    reason: "extension_depth",
  },
  {
    name: "an extension header longer than the packet",
    right: chain(DestinationOptions()),
    wrong: chain(DestinationOptions({ length: 4 })),
    reason: "extension_truncated",
  },
  {
    name: "an extension header of which two bytes are missing",
    right: chain(HopByHop()),
    wrong: eth(IPv6({ payloadLength: 6 }), HopByHop(), TCP()),
    reason: "extension_truncated",
  },
  {
    name: "an authentication header that ends in TCP when counted in units of 8",
    right: chain(AH({ icv: 16 })),
    wrong: chain(AH({ icv: 16, length: 20 })),
    reason: "extension_truncated",
  },
  {
    name: "a fragment header beyond the payload",
    right: chain(Fragment()),
    wrong: eth(IPv6({ payloadLength: 4, nextHeader: 44 }), Fragment(), TCP()),
    reason: "extension_truncated",
  },
  { name: "two fragment headers, both atomic", right: chain(Fragment()), wrong: chain(Fragment(), Fragment()), reason: "fragment_nested" },
  {
    name: "two fragment headers apart",
    right: chain(Fragment(), DestinationOptions()),
    wrong: chain(Fragment(), DestinationOptions(), Fragment({ more: true, id: 9 })),
    reason: "fragment_nested",
  },
];

const TRANSPORT: Sample[] = forBoth((f) => {
  const ip = f.ip({ src: f.remote, dst: f.local });
  const right = fromRemote(f, TCP());
  const echo = fromRemote(f, f.icmp());
  const udp = f.name === "IPv4" ? udp4 : udp6;
  const shortIp = (protocol: number): Layer => f.ip({ src: f.remote, dst: f.local, protocol });
  return [
    { name: `${f.name}: 19 bytes of TCP`, right, wrong: eth(shortIp(6), payload(19)), reason: "tcp_truncated" },
    { name: `${f.name}: no byte of TCP`, right, wrong: eth(shortIp(6)), reason: "tcp_truncated" },
    { name: `${f.name}: a TCP header of 4 words`, right, wrong: eth(ip, TCP({ doff: 4 })), reason: "tcp_header_length" },
    { name: `${f.name}: a TCP header of 0 words`, right, wrong: eth(ip, TCP({ doff: 0 })), reason: "tcp_header_length" },
    {
      name: `${f.name}: a TCP header beyond the packet`,
      right: fromRemote(f, TCP({ options: 4 })),
      wrong: eth(ip, TCP({ doff: 6 })),
      reason: "tcp_header_length",
    },
    { name: `${f.name}: 7 bytes of UDP`, right: udp, wrong: eth(shortIp(17), payload(7)), reason: "udp_truncated" },
    { name: `${f.name}: a UDP length of 7`, right: udp, wrong: eth(ip, UDP({ length: 7 }), payload(4)), reason: "udp_length" },
    ...(f.name === "IPv4"
      ? [
          {
            name: "a UDP length of 0 without segmentation",
            right: udp,
            wrong: eth(ip, UDP({ length: 0 }), payload(4)),
            reason: "udp_length",
          } as const,
        ]
      : []),
    {
      name: `${f.name}: a UDP length beyond the packet`,
      right: udp,
      wrong: eth(ip, UDP({ length: 13 }), payload(4)),
      reason: "udp_length",
    },
    {
      name: `${f.name}: 7 bytes of ICMP`,
      right: echo,
      wrong: eth(shortIp(f.icmpProtocol === "icmp" ? 1 : 58), payload(7)),
      reason: "icmp_truncated",
    },
  ] satisfies Sample[];
});

function casesOf({ name, right, wrong, reason }: Sample): Case[] {
  return (["ingress", "egress"] as const).map((hook) => ({
    name: `${hook}: ${name} is ${reason}, and on_error of that direction speaks`,
    config: {},
    steps: [
      at(hook, right, passed()),
      at(hook, wrong, undecided(reason)),
      { reload: { defaults: { on_error: { [hook]: "block" } } } },
      at(hook, wrong, undecided(reason, "would_drop")),
      at(hook === "ingress" ? "egress" : "ingress", wrong, undecided(reason)),
      { mode: "prevent" },
      at(hook, wrong, undecided(reason, "dropped")),
      at(hook, right, passed()),
    ],
  }));
}

/** Cut at every offset: which layer is short depends on where its header ends. */
const everyCut = (name: string, whole: Uint8Array, reasonAt: (length: number) => Reason): Case => ({
  name: `${name}, cut at every offset`,
  config: { mode: "prevent", defaults: { on_error: { ingress: "block", egress: "block" } } },
  steps: [
    ...Array.from({ length: whole.length }, (_, length) => at("ingress", cut(whole, length), undecided(reasonAt(length), "dropped"))),
    at("ingress", whole, passed()),
  ],
});

const CUTS: Case[] = [
  everyCut("TCP over IPv4", tcp4, (length) =>
    length < 14 ? "ethernet_truncated" : length < AT_L4.IPv4 ? "ipv4_truncated" : "ipv4_total_length",
  ),
  everyCut("UDP over IPv4 with options", eth(IPv4({ options: 8 }), UDP()), (length) =>
    length < 14 ? "ethernet_truncated" : length < AT_L4.IPv4 ? "ipv4_truncated" : "ipv4_total_length",
  ),
  everyCut("ICMP over IPv4 with a tag", eth(VLAN(5), IPv4(), ICMP()), (length) =>
    length < 14 ? "ethernet_truncated" : length < 18 ? "vlan_truncated" : length < 38 ? "ipv4_truncated" : "ipv4_total_length",
  ),
  everyCut("TCP over IPv6", tcp6, (length) =>
    length < 14 ? "ethernet_truncated" : length < AT_L4.IPv6 ? "ipv6_truncated" : "ipv6_payload_length",
  ),
  everyCut("ICMPv6 behind extension headers", eth(IPv6(), HopByHop(), Routing(), ICMPv6()), (length) =>
    length < 14 ? "ethernet_truncated" : length < AT_L4.IPv6 ? "ipv6_truncated" : "ipv6_payload_length",
  ),
];

export const MALFORMED_CASES: Case[] = [...[...LINK, ...IPV4, ...IPV6, ...TRANSPORT].flatMap(casesOf), ...CUTS];
