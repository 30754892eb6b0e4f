/** What passes whatever the rules, the default and on_error say. */

import { ARP, Ethernet, Fragment, frame, Geneve, GRE, ICMPv6, IPv4, IPv6, payload, TCP, UDP, VXLAN } from "../../harness/packet.ts";
import type { Layer } from "../../harness/packet/layer.ts";
import { dropped, inward, outward, passed, undecided, type Case } from "../case.ts";
import { FAMILY_4, FAMILY_6, forBoth, fromLocal, fromRemote, type Family } from "../family.ts";
import type { PolicyText, RuleText } from "../policy.ts";

const ALL: RuleText = { name: "all", action: "block", enforce: true };
const LOCKED: PolicyText = {
  mode: "prevent",
  defaults: { action: "block", on_error: { ingress: "block", egress: "block" } },
  rules: [ALL],
};
const SAFE = passed("failsafe");

const managementCases = (f: Family): Case[] => {
  const ssh = (...flags: ("syn" | "ack" | "fin" | "rst")[]) => fromRemote(f, TCP({ dport: 22, flags }));
  const sshReply = (...flags: ("syn" | "ack" | "fin" | "rst")[]) => fromLocal(f, TCP({ sport: 22, dport: 40000, flags }));
  return [
    {
      name: `${f.name}: a management port is reached, and answers, where all is blocked`,
      config: LOCKED,
      steps: [
        inward(ssh("syn"), SAFE),
        outward(sshReply("syn", "ack"), SAFE),
        inward(ssh("ack"), SAFE),
        outward(sshReply("ack"), SAFE),
        inward(fromRemote(f, TCP({ dport: 23 })), dropped("all")),
        outward(fromLocal(f, TCP({ dport: 22, sport: 40001 })), dropped("all")),
        inward(fromRemote(f, UDP({ dport: 22 })), dropped("all")),
      ],
    },
    {
      name: `${f.name}: a management session met in the middle goes on, from either end`,
      config: LOCKED,
      steps: [
        outward(sshReply("ack"), SAFE),
        inward(ssh("ack"), SAFE),
        inward(ssh("rst"), SAFE),
        inward(fromRemote(f, TCP({ dport: 23, flags: ["ack"] })), undecided("opener_unknown", "dropped")),
      ],
    },
    {
      name: `${f.name}: a management session met by its own reply first goes on`,
      config: LOCKED,
      steps: [
        outward(sshReply("syn", "ack"), SAFE),
        inward(ssh("ack"), SAFE),
        outward(fromLocal(f, TCP({ sport: 23, dport: 40000, flags: ["syn", "ack"] })), undecided("opener_unknown", "dropped")),
      ],
    },
    {
      name: `${f.name}: a management port is no way out: what opens from it is judged`,
      config: LOCKED,
      steps: [outward(sshReply("syn"), dropped("all")), inward(ssh("syn"), SAFE)],
    },
    {
      name: `${f.name}: what is forwarded to a management port elsewhere is judged`,
      config: LOCKED,
      steps: [inward(ssh("syn"), dropped("all"), { local: false }), inward(fromRemote(f, TCP({ sport: 40001, dport: 22 })), SAFE)],
    },
    {
      name: `${f.name}: other management ports take the place of 22`,
      config: { ...LOCKED, failsafe: { management_ports: [2222, 6443] } },
      steps: [
        inward(fromRemote(f, TCP({ dport: 6443 })), SAFE),
        inward(fromRemote(f, TCP({ dport: 2222 })), SAFE),
        inward(ssh("syn"), dropped("all")),
      ],
    },
    {
      name: `${f.name}: without management ports none is safe`,
      config: { ...LOCKED, failsafe: { management_ports: [] } },
      steps: [inward(ssh("syn"), dropped("all")), { reload: LOCKED }, inward(ssh("syn"), SAFE)],
    },
    {
      name: `${f.name}: no staged rule is told of what would not be dropped`,
      config: { rules: [{ ...ALL, enforce: false }] },
      steps: [inward(ssh("syn"), SAFE), inward(fromRemote(f, TCP({ dport: 23 })), passed("default", "all"))],
    },
    {
      name: `${f.name}: a malformed packet to a management port is not safe`,
      config: LOCKED,
      steps: [inward(fromRemote(f, TCP({ dport: 22, doff: 4 })), undecided("tcp_header_length", "dropped")), inward(ssh("syn"), SAFE)],
    },
  ];
};

const peerCases = (f: Family): Case[] => {
  const trusted: PolicyText = { ...LOCKED, failsafe: { addresses: [f.prefix.text] } };
  const between = (src: string, dst: string, ...layers: Layer[]): Uint8Array => frame(Ethernet(), f.ip({ src, dst }), ...layers);
  return [
    {
      name: `${f.name}: a failsafe address is the peer: source of what comes, destination of what goes`,
      config: trusted,
      steps: [
        inward(fromRemote(f, UDP()), SAFE),
        outward(fromLocal(f, TCP()), SAFE),
        inward(between(f.prefix.last, f.local, UDP()), SAFE),
        inward(between(f.prefix.beyond, f.local, UDP()), dropped("all")),
        inward(between(f.stranger, f.remote, UDP()), dropped("all")),
        outward(between(f.remote, f.stranger, UDP()), dropped("all")),
      ],
    },
    {
      name: `${f.name}: a failsafe address holds for what is otherwise undecidable`,
      config: trusted,
      steps: [
        inward(fromRemote(f, TCP({ doff: 4 })), SAFE),
        inward(fromRemote(f, TCP({ flags: ["ack"] })), SAFE),
        inward(frame(Ethernet(), ...f.part({ src: f.remote, dst: f.local }, { offset: 16, more: true, protocol: 6 }), payload(9)), SAFE),
        inward(fromRemote(f, TCP()).slice(0, -1), SAFE),
        inward(between(f.stranger, f.local, TCP({ doff: 4 })), undecided("tcp_header_length", "dropped")),
        inward(
          between(f.stranger, f.local, TCP()).slice(0, 14 + (f.name === "IPv4" ? 19 : 39)),
          undecided(f.name === "IPv4" ? "ipv4_truncated" : "ipv6_truncated", "dropped"),
        ),
      ],
    },
    {
      name: `${f.name}: a failsafe range and a single address are failsafes`,
      config: { ...LOCKED, failsafe: { addresses: [f.range.text, f.stranger] } },
      steps: [
        inward(between(f.range.last, f.local, UDP()), SAFE),
        inward(between(f.range.beyond, f.local, UDP()), dropped("all")),
        inward(between(f.stranger, f.local, UDP()), SAFE),
      ],
    },
    {
      name: `${f.name}: an operator's session passes, and no other of that host`,
      config: LOCKED,
      host: { sessions: [{ remote: { address: f.remote, port: 50000 }, localPort: 9443 }] },
      steps: [
        inward(fromRemote(f, TCP({ sport: 50000, dport: 9443, flags: ["ack"] })), SAFE),
        outward(fromLocal(f, TCP({ sport: 9443, dport: 50000, flags: ["ack"] })), SAFE),
        inward(fromRemote(f, TCP({ sport: 50001, dport: 9443 })), dropped("all")),
        inward(fromRemote(f, TCP({ sport: 50000, dport: 9444 })), dropped("all")),
        inward(fromRemote(f, UDP({ sport: 50000, dport: 9443 })), dropped("all")),
        inward(between(f.stranger, f.local, TCP({ sport: 50000, dport: 9443 })), dropped("all")),
      ],
    },
    {
      name: `${f.name}: when a failsafe address is taken back, its connections are judged`,
      config: trusted,
      steps: [
        inward(fromRemote(f, TCP()), SAFE),
        { reload: { ...LOCKED, rules: [{ ...ALL, direction: "ingress" }] } },
        outward(fromLocal(f, TCP({ sport: 80, dport: 40000, flags: ["ack"] })), dropped("all")),
        inward(fromRemote(f, TCP()), dropped("all")),
      ],
    },
    {
      name: `${f.name}: loopback passes, malformed or not`,
      config: LOCKED,
      steps: [
        inward(fromRemote(f, TCP()), SAFE, { interface: "lo" }),
        inward(fromRemote(f, TCP({ doff: 4 })), SAFE, { interface: "lo" }),
        inward(fromRemote(f, TCP()), dropped("all")),
      ],
    },
  ];
};

/** ICMPv6 between two hosts of a link. */
const discovery = (options: Parameters<typeof ICMPv6>[0], hopLimit = 255, ...headers: Layer[]): Uint8Array =>
  frame(Ethernet(), IPv6({ src: "fe80::1", dst: "ff02::1", hopLimit }), ...headers, ICMPv6(options), payload(16));

const LINK_CASES: Case[] = [
  ...[133, 134, 135, 136, 137].map(
    (type): Case => ({
      name: `neighbour discovery ${type} passes, if it comes from the link itself, whole and with code 0`,
      config: LOCKED,
      steps: [
        inward(discovery({ type }), SAFE),
        outward(discovery({ type }), SAFE),
        inward(discovery({ type }, 254), dropped("all")),
        inward(discovery({ type, code: 1 }), dropped("all")),
        inward(discovery({ type }, 255, Fragment({ id: 1 })), dropped("all")),
        inward(discovery({ type: 132 }), dropped("all")),
        inward(discovery({ type: 138 }), dropped("all")),
      ],
    }),
  ),
  ...[133, 134, 135, 136, 137].map(
    (type): Case => ({
      name: `neighbour discovery ${type} that a router would forward is judged, whatever its hop limit`,
      config: LOCKED,
      steps: [false, true].flatMap((local) => {
        const between = (src: string, dst: string): Uint8Array =>
          frame(Ethernet(), IPv6({ src, dst, hopLimit: 255 }), ICMPv6({ type }), payload(16));
        return [
          inward(between(FAMILY_6.remote, FAMILY_6.local), local ? SAFE : dropped("all"), { local }),
          inward(between(FAMILY_6.remote, "ff02::1:ff00:2"), SAFE, { local }),
          inward(between("fe80::1", FAMILY_6.local), SAFE, { local }),
          inward(between(FAMILY_6.remote, "fe80::2"), SAFE, { local }),
        ];
      }),
    }),
  ),
  {
    name: "what is forwarded passes no ban by the ports of DHCP or as neighbour discovery",
    config: { mode: "prevent" },
    host: { bans: [FAMILY_4.remote, FAMILY_6.remote] },
    steps: [
      ...[false, true].flatMap((local) => [
        inward(fromRemote(FAMILY_4, UDP({ sport: 67, dport: 68 }), payload(240)), local ? SAFE : dropped("ban"), { local }),
        inward(fromRemote(FAMILY_6, UDP({ sport: 547, dport: 546 })), local ? SAFE : dropped("ban"), { local }),
        inward(
          frame(Ethernet(), IPv6({ src: FAMILY_6.remote, dst: FAMILY_6.local, hopLimit: 255 }), ICMPv6({ type: 135 }), payload(16)),
          local ? SAFE : dropped("ban"),
          { local },
        ),
      ]),
    ],
  },
  {
    name: "a message of neighbour discovery does not make way for one from afar",
    config: { ...LOCKED, rules: [] },
    steps: [inward(discovery({ type: 135 }), SAFE), inward(discovery({ type: 135 }, 64), dropped("default"))],
  },
  {
    name: "ICMPv6 in an IPv4 packet is no neighbour discovery",
    config: LOCKED,
    steps: [
      inward(frame(Ethernet(), IPv4({ ttl: 255 }), ICMPv6({ type: 135 }), payload(16)), dropped("all")),
      inward(discovery({ type: 135 }), SAFE),
    ],
  },
  {
    name: "DHCP passes in both directions, by its pairs of ports",
    config: LOCKED,
    steps: [
      outward(frame(Ethernet(), IPv4({ src: "0.0.0.0", dst: "255.255.255.255" }), UDP({ sport: 68, dport: 67 }), payload(240)), SAFE),
      inward(frame(Ethernet(), IPv4({ src: "198.18.0.1", dst: "255.255.255.255" }), UDP({ sport: 67, dport: 68 }), payload(240)), SAFE),
      inward(frame(Ethernet(), IPv4(), UDP({ sport: 67, dport: 67 }), payload(240)), SAFE),
      inward(frame(Ethernet(), IPv4(), UDP({ sport: 68, dport: 67 }), payload(240)), SAFE),
      inward(fromRemote(FAMILY_4, UDP({ sport: 67, dport: 69 })), dropped("all")),
      inward(fromRemote(FAMILY_4, UDP({ sport: 40000, dport: 68 })), dropped("all")),
      inward(fromRemote(FAMILY_4, TCP({ sport: 67, dport: 68 })), dropped("all")),
    ],
  },
  {
    name: "DHCPv6 passes in both directions, by its pairs of ports",
    config: LOCKED,
    steps: [
      outward(fromLocal(FAMILY_6, UDP({ sport: 546, dport: 547 })), SAFE),
      inward(fromRemote(FAMILY_6, UDP({ sport: 547, dport: 546 })), SAFE),
      inward(fromRemote(FAMILY_6, UDP({ sport: 547, dport: 547 })), dropped("all")),
      inward(fromRemote(FAMILY_6, UDP({ sport: 40000, dport: 546 })), dropped("all")),
    ],
  },
  {
    name: "DHCP that the host only forwards is judged, also what answers a client; what cannot be forwarded passes",
    config: LOCKED,
    steps: [
      inward(frame(Ethernet(), IPv4(), UDP({ sport: 68, dport: 67 }), payload(240)), dropped("all"), { local: false }),
      inward(frame(Ethernet(), IPv4(), UDP({ sport: 67, dport: 67 }), payload(240)), dropped("all"), { local: false }),
      inward(fromRemote(FAMILY_6, UDP({ sport: 546, dport: 547 })), dropped("all"), { local: false }),
      inward(frame(Ethernet(), IPv4({ src: "0.0.0.0" }), UDP({ sport: 68, dport: 67 }), payload(240)), SAFE, { local: false }),
      inward(frame(Ethernet(), IPv4({ dst: "255.255.255.255" }), UDP({ sport: 68, dport: 67 }), payload(240)), SAFE, { local: false }),
      inward(frame(Ethernet(), IPv4(), UDP({ sport: 67, dport: 68 }), payload(240)), dropped("all"), { local: false }),
      inward(frame(Ethernet(), IPv4(), UDP({ sport: 67, dport: 68 }), payload(240)), SAFE),
      inward(frame(Ethernet(), IPv6({ src: "fe80::1" }), UDP({ sport: 546, dport: 547 })), SAFE, { local: false }),
      inward(frame(Ethernet(), IPv6({ src: "fec0::1" }), UDP({ sport: 546, dport: 547 })), dropped("all"), { local: false }),
      inward(frame(Ethernet(), IPv6({ dst: "ff02::1:2" }), UDP({ sport: 546, dport: 547 })), SAFE, { local: false }),
      inward(fromRemote(FAMILY_6, UDP({ sport: 547, dport: 546 })), dropped("all"), { local: false }),
      inward(fromRemote(FAMILY_6, UDP({ sport: 547, dport: 546 })), SAFE),
      inward(frame(Ethernet(), IPv6({ src: "fe80::1" }), UDP({ sport: 547, dport: 546 })), SAFE, { local: false }),
    ],
  },
  {
    name: "IGMP passes the default, and a rule may name it",
    config: { mode: "prevent", defaults: { action: "block" } },
    steps: [
      inward(frame(Ethernet(), IPv4({ protocol: 2, dst: "224.0.0.22" }), payload(8)), passed()),
      inward(frame(Ethernet(), IPv4({ protocol: 3 }), payload(8)), dropped("default")),
      { reload: { mode: "prevent", rules: [{ name: "no-igmp", action: "block", enforce: true, layer4: { protocol: "igmp" } }] } },
      inward(frame(Ethernet(), IPv4({ protocol: 2, dst: "224.0.0.22" }), payload(8)), dropped("no-igmp")),
    ],
  },
  ...[130, 131, 132, 143].map(
    (type): Case => ({
      name: `MLD ${type} passes the default, and a rule may name it`,
      config: { mode: "prevent", defaults: { action: "block" } },
      steps: [
        inward(discovery({ type }, 1), passed()),
        outward(discovery({ type }, 1), passed()),
        inward(discovery({ type: 144 }, 1), dropped("default")),
        {
          reload: {
            mode: "prevent",
            rules: [{ name: "no-mld", action: "block", enforce: true, layer4: { protocol: "icmpv6", icmp: [{ type }] } }],
          },
        },
        inward(discovery({ type }, 1), dropped("no-mld")),
      ],
    }),
  ),
];

/** What a device of this host takes out of a tunnel, and what only looks like it. */
const carriedCases = (f: Family): Case[] => {
  const inner = { src: f.stranger, dst: f.local };
  const own = { addresses: [f.local] };
  const vxlan = { kind: "vxlan", id: 7, local: f.local, remote: f.remote, port: 4789 } as const;
  const TUNNELS: { name: string; end: NonNullable<Case["host"]>["tunnels"]; header: Layer[]; other: Layer[] }[] = [
    {
      name: "VXLAN",
      end: [vxlan],
      header: [UDP({ sport: 50000 }), VXLAN({ vni: 7 }), Ethernet()],
      other: [UDP({ sport: 50000 }), VXLAN({ vni: 8 }), Ethernet()],
    },
    {
      name: "VXLAN of any identifier",
      end: [{ kind: "vxlan", port: 4789 }],
      header: [UDP({ sport: 50000 }), VXLAN({ vni: 9 }), Ethernet()],
      other: [UDP({ sport: 50000, dport: 8472 }), VXLAN({ vni: 9 }), Ethernet()],
    },
    {
      name: "Geneve",
      end: [{ kind: "geneve", id: 7, remote: f.remote, port: 6081 }],
      header: [UDP({ sport: 50000 }), Geneve({ vni: 7 }), Ethernet()],
      other: [UDP({ sport: 50000 }), VXLAN({ vni: 7 }), Ethernet()],
    },
    {
      name: "VXLAN on a port of its own",
      end: [{ ...vxlan, port: 9999 }],
      header: [UDP({ sport: 50000, dport: 9999 }), VXLAN({ vni: 7 }), Ethernet()],
      other: [UDP({ sport: 50000, dport: 9998 }), VXLAN({ vni: 7 }), Ethernet()],
    },
    {
      name: "VXLAN on a port of its own with one identifier",
      end: [
        { kind: "vxlan", id: 7, port: 9999 },
        { kind: "vxlan", id: 9, port: 9998 },
      ],
      header: [UDP({ sport: 50000, dport: 9999 }), VXLAN({ vni: 7 }), Ethernet()],
      other: [UDP({ sport: 50000, dport: 9999 }), VXLAN({ vni: 9 }), Ethernet()],
    },
    {
      name: "Geneve on a port of its own",
      end: [{ kind: "geneve", id: 7, remote: f.remote, port: 9999 }],
      header: [UDP({ sport: 50000, dport: 9999 }), Geneve({ vni: 7 }), Ethernet()],
      other: [UDP({ sport: 50000, dport: 9999 }), Geneve({ vni: 8 }), Ethernet()],
    },
    { name: "GRE", end: [{ kind: "gre", id: 0, local: f.local, remote: f.remote }], header: [GRE()], other: [GRE({ key: 1 })] },
    {
      name: "GRE with a key",
      end: [{ kind: "gre", id: 5, local: f.local }],
      header: [GRE({ key: 5 })],
      other: [GRE({ key: 0x0100_0005 })],
    },
    {
      name: "GRE with a long key",
      end: [{ kind: "gre", id: 0x0100_0005, local: f.local }],
      header: [GRE({ key: 0x0100_0005 })],
      other: [GRE({ key: 5 })],
    },
    {
      name: "IP in IP",
      end: [{ kind: "ipip", id: f.name === "IPv4" ? 0x0800 : 0x86dd, local: f.local, remote: f.remote }],
      header: [],
      other: [GRE()],
    },
  ];
  const over = (hook: "ingress" | "egress", header: readonly Layer[], ...layers: Layer[]): Uint8Array =>
    frame(
      Ethernet(),
      hook === "ingress" ? f.ip({ src: f.remote, dst: f.local }) : f.ip({ src: f.local, dst: f.remote }),
      ...header,
      ...layers,
    );
  const ssh = [f.ip(inner), TCP({ dport: 22 })];
  const reply = [f.ip({ src: f.local, dst: f.stranger }), TCP({ sport: 22, dport: 40000, flags: ["syn", "ack"] })];
  return [
    ...TUNNELS.map(
      ({ name, end, header, other }): Case => ({
        name: `${f.name}: a management port holds inside ${name} that ends here, and inside no other`,
        config: LOCKED,
        host: { ...own, tunnels: end! },
        steps: [
          inward(over("ingress", header, ...ssh), SAFE),
          outward(over("egress", header, ...reply), SAFE),
          inward(over("ingress", other, ...ssh), dropped("all")),
          outward(over("egress", other, ...reply), dropped("all")),
          inward(over("ingress", header, f.ip(inner), TCP({ dport: 23 })), dropped("all")),
          inward(over("ingress", header, f.ip({ src: f.stranger, dst: f.remote }), TCP({ dport: 22 })), dropped("all")),
          outward(over("egress", header, f.ip({ src: f.local, dst: f.stranger }), TCP({ sport: 22, dport: 40000 })), dropped("all")),
          outward(
            over("egress", header, f.ip({ src: f.remote, dst: f.stranger }), TCP({ sport: 22, dport: 40000, flags: ["ack"] })),
            dropped("all"),
          ),
          inward(over("ingress", header, f.ip(inner), TCP({ dport: 22, doff: 4 })), dropped("all")),
          inward(frame(Ethernet(), f.ip({ src: f.remote, dst: f.stranger }), ...header, ...ssh), dropped("all")),
        ],
      }),
    ),
    {
      name: `${f.name}: without a device the same wrapping is judged`,
      config: LOCKED,
      host: own,
      steps: TUNNELS.map(({ header }) => inward(over("ingress", header, ...ssh), dropped("all"))),
    },
    {
      name: `${f.name}: at a port of a tunnel device rules see UDP, and look into nothing`,
      config: {
        mode: "prevent",
        rules: [{ name: "no-telnet", action: "block", enforce: true, layer4: { protocol: "tcp", destination_ports: [23] } }],
      },
      host: { ...own, tunnels: [{ ...vxlan, port: 9999 }] },
      steps: ((header: Layer[]) => [
        inward(over("ingress", header, f.ip(inner), TCP({ dport: 23 })), passed()),
        inward(over("ingress", [UDP({ sport: 50001, dport: 9999 })], payload(20)), passed()),
        inward(over("ingress", [UDP({ sport: 50002, dport: 9999 })]), passed()),
        outward(over("egress", header, f.ip({ src: f.local, dst: f.stranger }), TCP({ dport: 23 })), passed()),
        inward(
          over(
            "ingress",
            [UDP({ sport: 50003 }), VXLAN({ vni: 7 }), Ethernet()],
            f.ip(inner),
            UDP({ dport: 9999 }),
            VXLAN({ vni: 7 }),
            Ethernet(),
            f.ip(inner),
            TCP({ dport: 23 }),
          ),
          passed(),
        ),
      ])([UDP({ sport: 50000, dport: 9999 }), VXLAN({ vni: 7 }), Ethernet()]),
    },
    {
      name: `${f.name}: failsafe addresses and the session hold inside a tunnel that ends here, ARP and neighbour discovery, too`,
      config: { ...LOCKED, failsafe: { management_ports: [], addresses: [f.stranger] } },
      host: { ...own, tunnels: [vxlan], sessions: [{ remote: { address: f.range.last, port: 50000 }, localPort: 9443 }] },
      steps: ((header: Layer[]) => [
        inward(over("ingress", header, f.ip({ src: f.stranger, dst: f.local }), UDP()), SAFE),
        inward(over("ingress", header, f.ip({ src: f.stranger, dst: f.local }), TCP({ doff: 4 })), SAFE),
        inward(over("ingress", header, f.ip({ src: f.range.beyond, dst: f.local }), UDP()), dropped("all")),
        inward(
          over("ingress", header, f.ip({ src: f.range.last, dst: f.local }), TCP({ sport: 50000, dport: 9443, flags: ["ack"] })),
          SAFE,
        ),
        inward(
          over("ingress", header, f.ip({ src: f.range.last, dst: f.local }), TCP({ sport: 50001, dport: 9443, flags: ["ack"] })),
          dropped("all"),
        ),
        inward(over("ingress", header, ARP({ sender: "192.0.2.1", target: "192.0.2.2" })), SAFE),
        inward(
          over("ingress", header, IPv6({ src: "fe80::1", dst: "ff02::1:ff00:2", hopLimit: 255 }), ICMPv6({ type: 135 }), payload(16)),
          SAFE,
        ),
        inward(
          over("ingress", header, IPv6({ src: "fe80::1", dst: "ff02::1:ff00:2", hopLimit: 254 }), ICMPv6({ type: 135 }), payload(16)),
          dropped("all"),
        ),
        inward(over("ingress", header, IPv6({ src: "2001:db8::1", dst: "ff02::1", hopLimit: 64 }), TCP({ dport: 22 })), dropped("all")),
        inward(
          frame(Ethernet(), f.ip({ src: f.range.beyond, dst: f.local }), ...header, ARP({ sender: "192.0.2.1", target: "192.0.2.2" })),
          dropped("all"),
        ),
      ])([UDP({ sport: 50000 }), VXLAN({ vni: 7 }), Ethernet()]),
    },
    {
      name: `${f.name}: a ban of either sender comes before a management port inside a tunnel, and not before a failsafe address there`,
      config: { ...LOCKED, failsafe: { addresses: [f.stranger] } },
      host: { ...own, tunnels: [{ ...vxlan }, { kind: "gre", id: 0 }], bans: [f.range.last] },
      steps: ((header: Layer[]) => [
        inward(over("ingress", header, f.ip({ src: f.range.last, dst: f.local }), TCP({ dport: 22 })), dropped("all")),
        inward(over("ingress", header, f.ip({ src: f.range.beyond, dst: f.local }), TCP({ dport: 22 })), SAFE),
        inward(
          frame(
            Ethernet(),
            f.ip({ src: f.range.last, dst: f.local }),
            GRE(),
            f.ip({ src: f.range.beyond, dst: f.local }),
            TCP({ dport: 22 }),
          ),
          dropped("ban"),
        ),
        inward(
          frame(Ethernet(), f.ip({ src: f.range.last, dst: f.local }), GRE(), f.ip({ src: f.stranger, dst: f.local }), TCP({ dport: 80 })),
          SAFE,
        ),
      ])([UDP({ sport: 50000 }), VXLAN({ vni: 7 }), Ethernet()]),
    },
    {
      name: `${f.name}: failsafes inside a tunnel hold without a look into tunnels, and in detect nothing is told`,
      config: { ...LOCKED, inspect_tunnels: false },
      host: { ...own, tunnels: [vxlan] },
      steps: ((header: Layer[]) => [
        inward(over("ingress", header, ...ssh), SAFE),
        { mode: "detect" as const },
        inward(over("ingress", header, ...ssh), SAFE),
      ])([UDP({ sport: 50000 }), VXLAN({ vni: 7 }), Ethernet()]),
    },
  ];
};

export const FAILSAFE_CASES: Case[] = [...forBoth(managementCases), ...forBoth(peerCases), ...LINK_CASES, ...forBoth(carriedCases)];
