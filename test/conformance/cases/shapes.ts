/** Frames in unusual but right shapes: layer 4 must be found, and the same verdict reached. */

import {
  AH,
  ARP,
  DestinationOptions,
  Ethernet,
  extension,
  Fragment,
  frame,
  HopByHop,
  ICMPv6,
  IPv4,
  IPv6,
  LLDP,
  Mobility,
  payload,
  Routing,
  TCP,
  UDP,
  VLAN,
} from "../../harness/packet.ts";
import type { Layer } from "../../harness/packet/layer.ts";
import { at, dropped, inward, outward, passed, undecided, type Case, type PacketStep } from "../case.ts";
import { forBoth, type Family } from "../family.ts";
import type { PolicyText, RuleText } from "../policy.ts";

const NO_TELNET: RuleText = { name: "no-telnet", action: "block", enforce: true, layer4: { protocol: "tcp", destination_ports: [23] } };
const TELNET = TCP({ dport: 23 });
const WEB = TCP({ dport: 80 });

/** Whatever surrounds it: telnet is dropped, and its twin passes. */
function findsPorts(name: string, wrap: (...inner: Layer[]) => Uint8Array, circumstances: Partial<PacketStep["packet"]> = {}): Case[] {
  return (["ingress", "egress"] as const).map((hook) => ({
    name: `${hook}: ports are found ${name}`,
    config: { mode: "prevent", rules: [NO_TELNET] },
    steps: [at(hook, wrap(WEB), passed(), circumstances), at(hook, wrap(TELNET), dropped("no-telnet"), circumstances)],
  }));
}

const linkCases = (f: Family): Case[] => {
  const ip = f.ip({ src: f.remote, dst: f.local });
  const eth =
    (...layers: Layer[]) =>
    (...inner: Layer[]) =>
      frame(Ethernet(), ...layers, ip, ...inner);
  return [
    ...findsPorts(`in ${f.name} behind one VLAN tag`, eth(VLAN(5))),
    ...findsPorts(`in ${f.name} behind two VLAN tags`, eth(VLAN({ id: 5, tpid: 0x88a8 }), VLAN(6))),
    ...findsPorts(`in ${f.name} behind a priority tag`, eth(VLAN({ id: 0, priority: 7 }))),
    ...findsPorts(`in ${f.name} with a tag in metadata`, eth(), { metadataTags: [5] }),
    ...findsPorts(`in ${f.name} with a tag in metadata and one in the frame`, eth(VLAN(6)), { metadataTags: [5] }),
    ...findsPorts(`in ${f.name} on a device without Ethernet`, (...inner) => frame(ip, ...inner), { ethernet: false, interface: "wg0" }),
    ...findsPorts(`in ${f.name} with padding behind the packet`, (...inner) =>
      Uint8Array.from([...frame(Ethernet(), ip, ...inner), ...new Uint8Array(30).fill(0xff)]),
    ),
    {
      name: `${f.name}: a third tag is not looked behind, wherever the first two are`,
      config: { mode: "prevent", rules: [NO_TELNET] },
      steps: [
        inward(eth(VLAN(6))(TELNET), dropped("no-telnet"), { metadataTags: [5] }),
        inward(eth(VLAN(6), VLAN(7))(TELNET), undecided("vlan_depth"), { metadataTags: [5] }),
      ],
    },
  ];
};

const eth4 =
  (options: Parameters<typeof IPv4>[0]) =>
  (...inner: Layer[]) =>
    frame(Ethernet(), IPv4(options), ...inner);
const eth6 =
  (...headers: Layer[]) =>
  (...inner: Layer[]) =>
    frame(Ethernet(), IPv6(), ...headers, ...inner);

const HEADER_CASES: Case[] = [
  ...findsPorts("behind IPv4 options", eth4({ options: [0x94, 4, 0, 0] })),
  ...findsPorts("behind the longest IPv4 header", eth4({ options: 40 })),
  ...findsPorts("with DF and the reserved bit set", eth4({ dontFragment: true, reserved: true })),
  ...findsPorts("with a wrong IPv4 checksum", eth4({ checksum: 1 })),
  ...findsPorts("with a TTL of 1", eth4({ ttl: 1 })),
  ...(["ingress", "egress"] as const).map(
    (hook): Case => ({
      name: `${hook}: ports are found in IPv6 where the UDP length is 0, which stands for the rest`,
      config: {
        mode: "prevent",
        rules: [{ name: "no-dns", action: "block", enforce: true, layer4: { protocol: "udp", destination_ports: [53] } }],
      },
      steps: [
        at(hook, eth6()(UDP({ dport: 54, length: 0 }), payload(4)), passed()),
        at(hook, eth6()(UDP({ dport: 53, length: 0 }), payload(4)), dropped("no-dns")),
      ],
    }),
  ),
  ...findsPorts("behind hop-by-hop options", eth6(HopByHop())),
  ...findsPorts("behind a routing header", eth6(Routing())),
  ...findsPorts("behind destination options", eth6(DestinationOptions())),
  ...findsPorts("behind long destination options", eth6(DestinationOptions({ body: 254 }))),
  ...findsPorts("behind an authentication header, which counts in units of 4", eth6(AH({ icv: 16 }))),
  ...findsPorts("behind the shortest authentication header", eth6(AH({ icv: 0 }))),
  ...findsPorts("behind a mobility header", eth6(Mobility())),
  ...findsPorts("behind HIP and shim6", eth6(extension(139), extension(140))),
  ...findsPorts("behind an atomic fragment header", eth6(Fragment({ id: 1 }))),
  ...findsPorts("behind an atomic fragment header and destination options", eth6(HopByHop(), Fragment({ id: 1 }), DestinationOptions())),
  ...findsPorts("behind eight extension headers", eth6(...Array.from({ length: 8 }, () => DestinationOptions()))),
];

const transportCases = (f: Family): Case[] => {
  const ip = f.ip({ src: f.remote, dst: f.local });
  const telnet = (options: Parameters<typeof TCP>[0], ...more: Layer[]): Uint8Array =>
    frame(Ethernet(), ip, TCP({ dport: 23, ...options }), ...more);
  const block = (name: string, ...frames: Uint8Array[]): Case => ({
    name: `${f.name}: ${name}`,
    config: { mode: "prevent", rules: [NO_TELNET] },
    steps: [...frames.map((bytes) => inward(bytes, dropped("no-telnet"))), inward(frame(Ethernet(), ip, WEB), passed())],
  });
  return [
    block("data on a SYN changes nothing", telnet({}, payload("hello"))),
    block("TCP options change nothing", telnet({ options: 40 })),
    block("urgent data changes nothing", telnet({ flags: ["syn", "urg"], urgent: 5 }, payload("hello"))),
    block(
      "a SYN is a SYN with FIN, RST or PSH beside it",
      telnet({ flags: ["syn", "fin"] }),
      telnet({ flags: ["syn", "rst"] }),
      telnet({ flags: ["syn", "psh", "ece", "cwr"] }),
    ),
    block("a wrong checksum changes nothing", telnet({ checksum: 1 })),
    {
      name: `${f.name}: several segments in one buffer may leave lengths at 0`,
      config: {
        mode: "prevent",
        rules: [NO_TELNET, { name: "no-dns", action: "block", enforce: true, layer4: { protocol: "udp", destination_ports: [53] } }],
      },
      steps: [
        inward(gso(f, TELNET), dropped("no-telnet"), { gso: true }),
        inward(gso(f, WEB), passed(), { gso: true }),
        inward(gso(f, UDP({ dport: 53, length: 0 })), dropped("no-dns"), { gso: true }),
        inward(gso(f, UDP({ dport: 54, length: 0 })), passed(), { gso: true }),
      ],
    },
  ];
};

function gso(f: Family, transport: Layer): Uint8Array {
  const ip =
    f.name === "IPv4" ? IPv4({ src: f.remote, dst: f.local, totalLength: 0 }) : IPv6({ src: f.remote, dst: f.local, payloadLength: 0 });
  return frame(Ethernet(), ip, transport, payload(3000));
}

const BLOCK_ALL: PolicyText = { mode: "prevent", defaults: { action: "block", on_error: { ingress: "block", egress: "block" } } };

const NOT_IP_CASES: Case[] = [
  {
    name: "what travels without IP passes even where all is blocked",
    config: { ...BLOCK_ALL, rules: [{ name: "all", action: "block", enforce: true }] },
    steps: [
      inward(frame(Ethernet(), ARP({ sender: "198.18.0.1", target: "198.18.0.2" })), passed("failsafe")),
      outward(frame(Ethernet(), VLAN(5), ARP({ sender: "198.18.0.1", target: "198.18.0.2", operation: "reply" })), passed("failsafe")),
      inward(frame(Ethernet(), LLDP()), passed()),
      inward(frame(Ethernet({ type: 0x88b5 }), payload(46)), passed()),
      inward(frame(Ethernet({ type: 38 }), payload(46)), passed()), // IEEE 802.3 length, as spanning tree has it
      inward(frame(Ethernet(), VLAN(5), LLDP()), passed()),
      inward(frame(Ethernet(), IPv4(), UDP()), dropped("all")),
    ],
  },
  {
    name: "a bare IPv6 header without payload is a packet",
    config: { mode: "prevent", rules: [{ name: "none", action: "block", enforce: true, layer4: { protocol: 59 } }] },
    steps: [inward(frame(Ethernet(), IPv6({ nextHeader: 59 })), dropped("none")), inward(frame(Ethernet(), IPv6(), ICMPv6()), passed())],
  },
  {
    name: "a device without Ethernet says the family by the packet's version",
    config: { mode: "prevent", defaults: { on_error: { ingress: "block" } } },
    steps: [
      inward(frame(IPv4(), UDP()), passed(), { ethernet: false, interface: "wg0" }),
      inward(frame(IPv6(), UDP()), passed(), { ethernet: false, interface: "wg0" }),
      inward(frame(IPv4({ version: 5 }), UDP()), undecided("ipv4_version", "dropped"), { ethernet: false, interface: "wg0" }),
    ],
  },
  {
    name: "ESP ends the chain of extension headers: what is behind it is not read",
    config: { mode: "prevent", rules: [NO_TELNET, { name: "no-esp", action: "block", enforce: true, layer4: { protocol: "esp" } }] },
    steps: [
      inward(frame(Ethernet(), IPv6(), DestinationOptions({ nextHeader: 50 }), TELNET), dropped("no-esp")),
      inward(frame(Ethernet(), IPv6(), DestinationOptions({ nextHeader: 51 }), AH(), WEB), passed()),
    ],
  },
];

export const SHAPE_CASES: Case[] = [...forBoth(linkCases), ...HEADER_CASES, ...forBoth(transportCases), ...NOT_IP_CASES];
