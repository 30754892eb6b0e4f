/** One level of tunnel: the outer packet is judged, then the one inside. */

import { ARP, Ethernet, Fragment, frame, Geneve, GRE, inside, IPv4, IPv6, payload, TCP, UDP, VLAN, VXLAN } from "../../harness/packet.ts";
import type { Layer } from "../../harness/packet/layer.ts";
import { at, dropped, inward, outward, passed, undecided, wouldDrop, type Case } from "../case.ts";
import { FAMILIES, forBoth, type Family } from "../family.ts";
import type { PolicyText, RuleText } from "../policy.ts";

const NO_TELNET: RuleText = { name: "no-telnet", action: "block", enforce: true, layer4: { protocol: "tcp", destination_ports: [23] } };
const STRICT: PolicyText["defaults"] = { on_error: { ingress: "block", egress: "block" } };
const TELNET = TCP({ dport: 23 });
const WEB = TCP({ dport: 80 });

interface Kind {
  name: string;
  /** The layers between the outer IP header and the inner packet. */
  header: Layer[];
  /** Of another tunnel of this kind; absent where there is only one. */
  other?: Layer[];
  /** Rule that matches the outer packet. */
  outer: RuleText;
}

const protocolRule = (protocol: string | number): RuleText => ({ name: "outer", action: "block", enforce: true, layer4: { protocol } });
const portRule = (port: number): RuleText => ({
  name: "outer",
  action: "block",
  enforce: true,
  layer4: { protocol: "udp", destination_ports: [port] },
});

/** WCCP says of what it carries only that it is of the family around it. Its second version has a header of its own. */
const wccp = (outer: Family, inner: Family): Kind[] => {
  if (outer !== inner) return [];
  const second: Kind = {
    name: "WCCP in its second version",
    header: [GRE({ type: 0x883e }), payload([0, 1, 2, 3])],
    outer: protocolRule("gre"),
  };
  return inner.name === "IPv4" ? [second, { name: "WCCP", header: [GRE({ type: 0x883e })], outer: protocolRule("gre") }] : [second];
};

const kinds = (inner: Family): Kind[] => [
  { name: "GRE", header: [GRE()], outer: protocolRule("gre") },
  { name: "GRE with a key", header: [GRE({ key: 7 })], other: [GRE({ key: 8 })], outer: protocolRule("gre") },
  { name: "GRE with a long key", header: [GRE({ key: 0x0100_0007 })], other: [GRE({ key: 0x0200_0007 })], outer: protocolRule("gre") },
  {
    name: "GRE with checksum, key and sequence",
    header: [GRE({ checksum: true, key: 7, seq: 1 })],
    other: [GRE({ checksum: true, key: 8, seq: 1 })],
    outer: protocolRule("gre"),
  },
  { name: "bridged GRE", header: [GRE({ key: 7 }), Ethernet()], other: [GRE({ key: 8 }), Ethernet()], outer: protocolRule("gre") },
  { name: "bridged GRE without a key", header: [GRE(), Ethernet()], outer: protocolRule("gre") },
  { name: "GRE with a priority tag", header: [GRE({ type: 0x8100 }), VLAN(0)], outer: protocolRule("gre") },
  {
    name: "GRE with two tags",
    header: [GRE({ type: 0x88a8 }), VLAN({ id: 5, type: 0x8100 }), VLAN(6)],
    other: [GRE({ type: 0x88a8 }), VLAN({ id: 5, type: 0x8100 }), VLAN(7)],
    outer: protocolRule("gre"),
  },
  { name: "mirrored GRE without a header", header: [GRE({ type: 0x88be }), Ethernet()], outer: protocolRule("gre") },
  {
    name: "mirrored GRE",
    header: [GRE({ type: 0x88be, seq: 1 }), payload([0x10, 5, 0, 9, 0, 0, 0, 0]), Ethernet()],
    outer: protocolRule("gre"),
  },
  {
    name: "mirrored GRE with the longer header",
    header: [GRE({ type: 0x22eb, seq: 1 }), payload([0x20, 5, 0, 9, ...Array<number>(8).fill(0)]), Ethernet()],
    outer: protocolRule("gre"),
  },
  { name: "IP in IP", header: [], outer: protocolRule(inner.name === "IPv4" ? "ipip" : "ipv6") },
  {
    name: "VXLAN",
    header: [UDP({ sport: 50000 }), VXLAN({ vni: 7 }), Ethernet()],
    other: [UDP({ sport: 50000 }), VXLAN({ vni: 8 }), Ethernet()],
    outer: portRule(4789),
  },
  { name: "VXLAN on Linux's own port", header: [UDP({ sport: 50000, dport: 8472 }), VXLAN({ vni: 7 }), Ethernet()], outer: portRule(8472) },
  { name: "VXLAN with a tag inside", header: [UDP({ sport: 50000 }), VXLAN({ vni: 7 }), Ethernet(), VLAN(5)], outer: portRule(4789) },
  { name: "VXLAN with a group", header: [UDP({ sport: 50000 }), VXLAN({ flags: 0x88 }), Ethernet()], outer: portRule(4789) },
  { name: "VXLAN-GPE around a frame", header: [UDP({ sport: 50000 }), VXLAN({ vni: 7, protocol: 3 }), Ethernet()], outer: portRule(4789) },
  {
    name: "VXLAN-GPE on its own port",
    header: [UDP({ sport: 50000, dport: 4790 }), VXLAN({ vni: 7, protocol: inner.name === "IPv4" ? 1 : 2 })],
    outer: portRule(4790),
  },
  {
    name: "VXLAN-GPE",
    header: [UDP({ sport: 50000 }), VXLAN({ vni: 7, protocol: inner.name === "IPv4" ? 1 : 2 })],
    other: [UDP({ sport: 50000 }), VXLAN({ vni: 8, protocol: inner.name === "IPv4" ? 1 : 2 })],
    outer: portRule(4789),
  },
  {
    name: "Geneve",
    header: [UDP({ sport: 50000 }), Geneve({ vni: 7 }), Ethernet()],
    other: [UDP({ sport: 50000 }), Geneve({ vni: 8 }), Ethernet()],
    outer: portRule(6081),
  },
  {
    name: "Geneve with options and no Ethernet",
    header: [UDP({ sport: 50000 }), Geneve({ vni: 7, options: [{ data: 8 }, {}] })],
    outer: portRule(6081),
  },
];

const carried = (outer: Family, header: readonly Layer[], inner: Family, ...layers: Layer[]): Uint8Array =>
  frame(
    Ethernet(),
    outer.ip({ src: outer.remote, dst: outer.local }),
    ...header,
    inner.ip({ src: inner.stranger, dst: inner.local }),
    ...layers,
  );

const kindCases = (outer: Family, inner: Family): Case[] =>
  [...kinds(inner), ...wccp(outer, inner)].flatMap(({ name, header, other, outer: outerRule }) => {
    const what = `${inner.name} in ${name} over ${outer.name}`;
    const telnet = carried(outer, header, inner, TELNET);
    const web = carried(outer, header, inner, WEB);
    return [
      ...(["ingress", "egress"] as const).map(
        (hook): Case => ({
          name: `${hook} ${what}: a rule on the inner packet drops it, and its twin passes`,
          config: { mode: "prevent", defaults: STRICT, rules: [NO_TELNET] },
          steps: [
            at(hook, web, passed()),
            at(hook, telnet, dropped("no-telnet")),
            { mode: "detect" },
            at(hook, telnet, wouldDrop("no-telnet")),
          ],
        }),
      ),
      {
        name: `${what}: without inspection only the outer packet is judged`,
        config: { mode: "prevent", inspect_tunnels: false, rules: [NO_TELNET] },
        steps: [
          inward(telnet, passed()),
          { reload: { mode: "prevent", inspect_tunnels: false, rules: [outerRule] } },
          inward(telnet, dropped("outer")),
        ],
      },
      {
        name: `${what}: a rule on the outer packet comes first`,
        config: { mode: "prevent", rules: [outerRule, NO_TELNET] },
        steps: [
          inward(telnet, dropped("outer")),
          { reload: { mode: "prevent", rules: [{ ...outerRule, action: "allow" }, NO_TELNET] } },
          inward(telnet, dropped("no-telnet")),
          inward(web, passed("outer")),
        ],
      },
      ...(other === undefined
        ? []
        : [
            {
              name: `${what}: equal connections in two tunnels are two`,
              config: { mode: "prevent" as const, defaults: STRICT },
              steps: [
                inward(carried(outer, header, inner, TCP({ flags: ["ack"] })), undecided("opener_unknown", "dropped")),
                inward(web, passed()),
                inward(carried(outer, header, inner, TCP({ flags: ["ack"] })), passed()),
                inward(carried(outer, other, inner, TCP({ flags: ["ack"] })), undecided("opener_unknown", "dropped")),
              ],
            },
          ]),
    ];
  });

const headerCases = (f: Family): Case[] => {
  const over = (...layers: Layer[]): Uint8Array => frame(Ethernet(), f.ip({ src: f.remote, dst: f.local }), ...layers);
  const wrong = (
    name: string,
    reason: "tunnel_truncated" | "tunnel_header" | "tunnel_payload" | "tunnel_depth" | "ipv6_version" | "vlan_depth" | "ethernet_truncated",
    bad: Uint8Array,
    good: Uint8Array,
  ): Case => ({
    name: `${f.name}: ${name}`,
    config: { mode: "prevent", defaults: STRICT },
    steps: [
      inward(bad, undecided(reason, "dropped")),
      inward(good, passed()),
      { reload: {} },
      inward(bad, undecided(reason)),
      { reload: { inspect_tunnels: false } },
      inward(bad, passed()),
    ],
  });
  const short = (protocol: number, bytes: number): Uint8Array =>
    frame(Ethernet(), f.ip({ src: f.remote, dst: f.local, protocol }), payload(bytes));
  return [
    wrong("GRE with a source route", "tunnel_header", over(GRE({ flags: 0x4000 }), IPv4(), WEB), over(GRE(), IPv4(), WEB)),
    wrong("GRE of version 1", "tunnel_header", over(GRE({ version: 1 }), IPv4(), WEB), over(GRE(), IPv4(), WEB)),
    wrong("3 bytes of GRE", "tunnel_truncated", short(47, 3), over(GRE({ type: 0x6558 }), Ethernet({ type: 0x88cc }), payload(8))),
    // A keepalive, what a router tells others, multicast by label, and a number that Linux knows without options only.
    ...[0, 0x0806, 0x2000, 0x8847, 0x880b, 0xffff].map((type) =>
      wrong(`GRE of type ${type}`, "tunnel_payload", over(GRE({ type }), payload(60)), over(GRE(), IPv4(), WEB)),
    ),
    wrong(
      "GRE with a tag before something else",
      "tunnel_payload",
      over(GRE({ type: 0x8100 }), VLAN({ id: 0, type: 0x0806 }), payload(60)),
      over(GRE({ type: 0x8100 }), VLAN(0), IPv4(), WEB),
    ),
    wrong(
      "GRE with three tags",
      "vlan_depth",
      over(GRE({ type: 0x8100 }), VLAN(1), VLAN(2), VLAN(3), IPv4(), WEB),
      over(GRE({ type: 0x8100 }), VLAN(1), VLAN(2), IPv4(), WEB),
    ),
    wrong("WCCP with a sequence", "tunnel_payload", over(GRE({ type: 0x883e, seq: 1 }), IPv4(), WEB), over(GRE(), IPv4(), WEB)),
    wrong(
      "WCCP with a reserved flag",
      "tunnel_payload",
      over(GRE({ type: 0x883e, flags: 0x0010 }), IPv4(), WEB),
      over(GRE({ flags: 0x0010 }), IPv4(), WEB),
    ),
    wrong("WCCP around nothing", "tunnel_truncated", over(GRE({ type: 0x883e })), over(GRE(), IPv4(), WEB)),
    wrong(
      "WCCP of the second version with half of its header",
      "tunnel_truncated",
      over(GRE({ type: 0x883e }), payload([0, 0])),
      over(GRE(), IPv4(), WEB),
    ),
    ...(f.name === "IPv6"
      ? [wrong("WCCP over IPv6 around IPv4", "ipv6_version", over(GRE({ type: 0x883e }), IPv4(), WEB), over(GRE(), IPv4(), WEB))]
      : []),
    ...[0, 3, 15].map((version) =>
      wrong(
        `a mirror of version ${version}`,
        "tunnel_header",
        over(GRE({ type: 0x88be, seq: 1 }), payload([version << 4, ...Array<number>(11).fill(0)]), Ethernet(), IPv4(), WEB),
        over(GRE({ type: 0x88be, seq: 1 }), payload([0x10, 0, 0, 0, 0, 0, 0, 0]), Ethernet(), IPv4(), WEB),
      ),
    ),
    wrong(
      "a mirror without its header",
      "tunnel_truncated",
      over(GRE({ type: 0x88be, seq: 1 })),
      over(GRE({ type: 0x88be, seq: 1 }), payload([0x10, 0, 0, 0, 0, 0, 0, 0]), Ethernet({ type: 0x88cc }), payload(9)),
    ),
    wrong(
      "a mirror with half of its header",
      "tunnel_truncated",
      over(GRE({ type: 0x88be, seq: 1 }), payload([0x10, 0, 0, 0])),
      over(GRE({ type: 0x88be, seq: 1 }), payload([0x10, 0, 0, 0, 0, 0, 0, 0]), Ethernet({ type: 0x88cc }), payload(9)),
    ),
    ...[0, 4, 5, 255].map((protocol) =>
      wrong(
        `VXLAN-GPE around protocol ${protocol}`,
        "tunnel_payload",
        over(UDP(), VXLAN({ protocol }), payload(60)),
        over(UDP(), VXLAN({ protocol: 1 }), IPv4(), WEB),
      ),
    ),
    ...[0x0d, 0x1c, 0x2c].map((flags) =>
      wrong(
        `VXLAN-GPE with the flags ${flags}`,
        "tunnel_header",
        over(UDP(), VXLAN({ flags, protocol: 1 }), IPv4(), WEB),
        over(UDP(), VXLAN({ protocol: 1 }), IPv4(), WEB),
      ),
    ),
    ...[0, 0x8847, 0x88be].map((type) =>
      wrong(`Geneve of type ${type}`, "tunnel_payload", over(UDP(), Geneve({ type }), payload(60)), over(UDP(), Geneve(), IPv4(), WEB)),
    ),
    wrong(
      "GRE without the key it announces",
      "tunnel_truncated",
      over(GRE({ flags: 0x2000, type: 0x0800 }), payload(3)),
      over(GRE({ key: 1 }), IPv4(), WEB),
    ),
    wrong(
      "VXLAN without a valid identifier",
      "tunnel_header",
      over(UDP(), VXLAN({ flags: 0 }), Ethernet(), IPv4(), WEB),
      over(UDP(), VXLAN(), Ethernet(), IPv4(), WEB),
    ),
    wrong("7 bytes of VXLAN", "tunnel_truncated", over(UDP({ dport: 4789 }), payload(7)), over(UDP(), VXLAN(), Ethernet(), IPv4(), WEB)),
    wrong(
      "VXLAN around half an Ethernet header",
      "ethernet_truncated",
      over(UDP(), VXLAN(), payload(13)),
      over(UDP(), VXLAN(), Ethernet({ type: 0x88cc }), payload(4)),
    ),
    wrong(
      "VXLAN around three tags",
      "vlan_depth",
      over(UDP(), VXLAN(), Ethernet(), VLAN(1), VLAN(2), VLAN(3), IPv4(), WEB),
      over(UDP(), VXLAN(), Ethernet(), VLAN(1), VLAN(2), IPv4(), WEB),
    ),
    wrong(
      "Geneve of version 1",
      "tunnel_header",
      over(UDP(), Geneve({ version: 1 }), Ethernet(), IPv4(), WEB),
      over(UDP(), Geneve(), Ethernet(), IPv4(), WEB),
    ),
    wrong(
      "Geneve whose options are longer than the packet",
      "tunnel_truncated",
      over(UDP(), Geneve({ optionsLength: 20, type: 0x0800 }), payload(40)),
      over(UDP(), Geneve({ options: [{ data: 76 }] }), IPv4(), WEB),
    ),
    ...[
      { name: "GRE in GRE", layers: [GRE(), IPv4(), GRE(), IPv4(), WEB] },
      { name: "IP in IP in IP", layers: [IPv4(), IPv4(), IPv4(), WEB] },
      { name: "VXLAN in Geneve", layers: [UDP(), Geneve(), Ethernet(), IPv4(), UDP(), VXLAN(), Ethernet(), IPv4(), WEB] },
      { name: "Geneve in VXLAN", layers: [UDP(), VXLAN(), Ethernet(), IPv6(), UDP(), Geneve(), IPv4(), WEB] },
    ].map(({ name, layers }) => wrong(`${name} is too deep`, "tunnel_depth", over(...layers), over(GRE(), IPv4(), WEB))),
    {
      name: `${f.name}: a rule on the inner packet wins over what is too deep in it`,
      config: {
        mode: "prevent",
        defaults: { on_error: { ingress: "allow" } },
        rules: [{ name: "inner", action: "block", enforce: true, layer3: { source: ["192.0.2.1"] } }],
      },
      steps: [
        inward(over(GRE(), IPv4({ src: "192.0.2.1" }), GRE(), IPv4(), WEB), dropped("inner")),
        inward(over(GRE(), IPv4({ src: "192.0.2.2" }), GRE(), IPv4(), WEB), undecided("tunnel_depth")),
      ],
    },
    {
      name: `${f.name}: a malformed inner packet is undecided by its own reason`,
      config: { mode: "prevent", defaults: STRICT },
      steps: [
        inward(over(GRE(), IPv4({ ihl: 4 }), WEB), undecided("ipv4_header_length", "dropped")),
        inward(over(GRE(), IPv6({ payloadLength: 90 }), WEB), undecided("ipv6_payload_length", "dropped")),
        inward(over(UDP(), VXLAN(), Ethernet(), IPv4(), TCP({ doff: 4 })), undecided("tcp_header_length", "dropped")),
        inward(over(UDP(), VXLAN(), Ethernet(), IPv4(), WEB), passed()),
      ],
    },
    {
      name: `${f.name}: frames in a tunnel that carry no IP are not judged`,
      config: { mode: "prevent", defaults: STRICT, rules: [NO_TELNET] },
      steps: [
        inward(over(UDP(), VXLAN(), Ethernet(), ARP({ sender: "192.0.2.1", target: "192.0.2.2" })), passed()),
        inward(over(GRE(), Ethernet(), ARP({ sender: "192.0.2.1", target: "192.0.2.2" })), passed()),
        inward(over(UDP(), VXLAN({ protocol: 3 }), Ethernet({ type: 0x88cc }), payload(9)), passed()),
        inward(over(GRE(), IPv4(), TELNET), dropped("no-telnet")),
      ],
    },
    {
      name: `${f.name}: failsafes are those of the outer packet`,
      config: {
        mode: "prevent",
        failsafe: { addresses: [f.stranger] },
        rules: [
          { ...NO_TELNET, name: "no-tcp", layer4: { protocol: "tcp" } },
          { name: "no-dhcp", action: "block", enforce: true, layer4: { protocol: "udp", destination_ports: [68] } },
        ],
      },
      steps: [
        inward(over(GRE(), IPv4(), TCP({ dport: 22 })), dropped("no-tcp")),
        inward(over(GRE(), IPv4(), UDP({ sport: 67, dport: 68 })), dropped("no-dhcp")),
        inward(over(GRE(), f.ip({ src: f.stranger, dst: f.local }), WEB), dropped("no-tcp")),
        inward(frame(Ethernet(), f.ip({ src: f.stranger, dst: f.local }), GRE(), IPv4(), WEB), passed("failsafe")),
        inward(over(GRE(), IPv4(), UDP()), passed()),
      ],
    },
    {
      name: `${f.name}: listening sockets say nothing of connections in a tunnel`,
      config: { mode: "prevent", defaults: STRICT },
      host: { listening: [80] },
      steps: [
        inward(over(GRE(), IPv4(), TCP({ flags: ["ack"] })), undecided("opener_unknown", "dropped")),
        inward(over(TCP({ flags: ["ack"] })), passed()),
      ],
    },
    {
      name: `${f.name}: a staged rule on the inner packet is told, that on the outer one first`,
      config: {
        mode: "prevent",
        rules: [
          { name: "staged-gre", action: "block", layer4: { protocol: "gre" } },
          { ...NO_TELNET, name: "staged-telnet", enforce: false },
        ],
      },
      steps: [
        inward(over(GRE(), IPv4(), TELNET), passed("default", "staged-gre")),
        inward(over(IPv4(), TELNET), passed("default", "staged-telnet")),
        inward(over(IPv4(), WEB), passed()),
      ],
    },
    {
      name: `${f.name}: the connection in a tunnel follows its own opener`,
      config: { mode: "prevent", defaults: STRICT, rules: [{ ...NO_TELNET, direction: "egress" }] },
      steps: [
        inward(over(GRE(), IPv4({ src: "192.0.2.1", dst: "192.0.2.2" }), TELNET), passed()),
        outward(
          frame(
            Ethernet(),
            f.ip({ src: f.local, dst: f.remote }),
            GRE(),
            IPv4({ src: "192.0.2.2", dst: "192.0.2.1" }),
            TCP({ sport: 23, dport: 40000, flags: ["syn", "ack"] }),
          ),
          passed(),
        ),
        outward(
          frame(
            Ethernet(),
            f.ip({ src: f.local, dst: f.remote }),
            GRE(),
            IPv4({ src: "192.0.2.2", dst: "192.0.2.1" }),
            TCP({ sport: 40000, dport: 23 }),
          ),
          dropped("no-telnet"),
        ),
      ],
    },
  ];
};

const fragmentCases = (f: Family): Case[] => {
  const ends = { src: f.remote, dst: f.local };
  const inner = (transport: Layer): Uint8Array => inside(undefined, IPv4({ src: "192.0.2.1", totalLength: 1000 }), transport, payload(12));
  const bytes = (transport: Layer): Layer[] => [
    GRE({ type: 0x0800 }),
    payload(inner(transport)),
    payload((8 - ((4 + inner(transport).length) % 8)) % 8),
  ];
  return [
    {
      name: `${f.name}: the packet inside a first fragment is judged though its end is in the next`,
      config: { mode: "prevent", defaults: STRICT, rules: [NO_TELNET] },
      steps: [
        inward(frame(Ethernet(), ...f.part(ends, { offset: 0, more: true }), ...bytes(TELNET)), dropped("no-telnet")),
        inward(frame(Ethernet(), ...f.part(ends, { offset: 64, more: false, protocol: 47 }), payload(8)), passed()), // alone it is nothing
        inward(frame(Ethernet(), ...f.part(ends, { id: 8, offset: 0, more: true }), ...bytes(WEB)), passed()),
        inward(frame(Ethernet(), ...f.part(ends, { id: 9, offset: 0, more: true }), ...bytes(UDP({ dport: 23, length: 980 }))), passed()),
        inward(frame(Ethernet(), ...f.part(ends, { id: 8, offset: 64, more: false, protocol: 47 }), payload(inner(TELNET))), passed()),
      ],
    },
    {
      name: `${f.name}: fragments inside a tunnel are datagrams of their own`,
      config: { mode: "prevent", defaults: STRICT, rules: [{ ...NO_TELNET, layer4: { protocol: "udp", destination_ports: [23] } }] },
      steps: [
        inward(
          frame(
            Ethernet(),
            f.ip(ends),
            GRE({ key: 1 }),
            IPv4({ fragment: { id: 7, more: true } }),
            UDP({ dport: 23, length: 64 }),
            payload(8),
          ),
          dropped("no-telnet"),
        ),
        inward(
          frame(Ethernet(), f.ip(ends), GRE({ key: 1 }), IPv4({ protocol: 17, fragment: { id: 7, offset: 16 } }), payload(8)),
          dropped("no-telnet"),
        ),
        inward(
          frame(Ethernet(), f.ip(ends), GRE({ key: 2 }), IPv4({ protocol: 17, fragment: { id: 7, offset: 16 } }), payload(8)),
          undecided("fragment_without_first", "dropped"),
        ),
        inward(
          frame(Ethernet(), f.ip(ends), GRE({ key: 0x0100_0001 }), IPv4({ protocol: 17, fragment: { id: 7, offset: 16 } }), payload(8)),
          undecided("fragment_without_first", "dropped"),
        ),
        inward(
          frame(
            Ethernet(),
            f.ip(ends),
            GRE({ key: 2 }),
            IPv6(),
            Fragment({ id: 7, more: true }),
            UDP({ dport: 24, length: 64 }),
            payload(8),
          ),
          passed(),
        ),
      ],
    },
  ];
};

export const TUNNEL_CASES: Case[] = [
  ...FAMILIES.flatMap((outer) => FAMILIES.flatMap((inner) => kindCases(outer, inner))),
  ...forBoth(headerCases),
  ...forBoth(fragmentCases),
];
