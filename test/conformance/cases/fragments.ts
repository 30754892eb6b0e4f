/** Datagrams in pieces: ports come from the first, overlaps from nobody with good intentions. */

import { DestinationOptions, Ethernet, Fragment, frame, IPv6, payload, TCP, UDP, VLAN } from "../../harness/packet.ts";
import type { Layer } from "../../harness/packet/layer.ts";
import { at, dropped, inward, outward, passed, undecided, wouldDrop, type Case } from "../case.ts";
import { FAMILY_4, FAMILY_6, forBoth, partFromLocal, partFromRemote, type Family, type Part } from "../family.ts";
import type { PolicyText, RuleText } from "../policy.ts";

const UDP_PROTOCOL = 17;
const STRICT: PolicyText["defaults"] = { on_error: { ingress: "block", egress: "block" } };
const NO_DNS: RuleText = { name: "no-dns", action: "block", enforce: true, layer4: { protocol: "udp", destination_ports: [53] } };
const DNS: RuleText = { ...NO_DNS, name: "dns", action: "allow" };
const NO_UDP: RuleText = { name: "no-udp", action: "block", enforce: true, layer4: { protocol: "udp" } };
const NO_REMOTE = (f: Family): RuleText => ({ name: "no-remote", action: "block", enforce: true, layer3: { source: [f.remote] } });

/** A first fragment of 8 bytes of UDP header and `bytes` - 8 of payload. */
const first = (f: Family, port: number, bytes = 16, part: Partial<Part> = {}): Uint8Array =>
  partFromRemote(f, { offset: 0, more: true, ...part }, UDP({ dport: port, length: 64 }), payload(bytes - 8));

const later = (f: Family, offset: number, bytes: number, more: boolean, part: Partial<Part> = {}): Uint8Array =>
  partFromRemote(f, { offset, more, protocol: UDP_PROTOCOL, ...part }, payload(bytes));

const overlap = undecided("fragment_overlap", "dropped");

const orderCases = (f: Family): Case[] => [
  {
    name: `${f.name}: later fragments follow the first one's verdict`,
    config: { mode: "prevent", defaults: STRICT, rules: [NO_DNS] },
    steps: [
      inward(first(f, 53), dropped("no-dns")),
      inward(later(f, 16, 16, true), dropped("no-dns")),
      inward(later(f, 32, 5, false), dropped("no-dns")),
      inward(first(f, 54, 16, { id: 8 }), passed()),
      inward(later(f, 16, 5, false, { id: 8 }), passed()),
    ],
  },
  {
    name: `${f.name}: later fragments pass by the rule of the first`,
    config: { mode: "prevent", defaults: { action: "block", ...STRICT }, rules: [DNS] },
    steps: [
      inward(first(f, 53), passed("dns")),
      inward(later(f, 16, 5, false), passed("dns")),
      inward(first(f, 54, 16, { id: 8 }), dropped("default")),
      inward(later(f, 16, 5, false, { id: 8 }), dropped("default")),
    ],
  },
  {
    name: `${f.name}: fragments of a reply follow its connection`,
    config: { mode: "prevent", defaults: { action: "block", ...STRICT }, rules: [DNS] },
    steps: [
      inward(frame(Ethernet(), f.ip({ src: f.remote, dst: f.local }), UDP({ sport: 40000, dport: 53 })), passed("dns")),
      outward(partFromLocal(f, { offset: 0, more: true }, UDP({ sport: 53, dport: 40000, length: 64 }), payload(8)), passed("dns")),
      outward(partFromLocal(f, { offset: 16, more: false, protocol: UDP_PROTOCOL }, payload(5)), passed("dns")),
      outward(
        partFromLocal(f, { offset: 0, more: true, id: 8 }, UDP({ sport: 53, dport: 40001, length: 64 }), payload(8)),
        dropped("default"),
      ),
    ],
  },
  {
    name: `${f.name}: a later fragment without its first is undecided where ports would matter`,
    config: { mode: "prevent", defaults: STRICT, rules: [NO_DNS] },
    steps: [
      inward(later(f, 16, 5, false), undecided("fragment_without_first", "dropped")),
      { reload: { rules: [NO_DNS] } },
      inward(later(f, 24, 5, false, { id: 8 }), undecided("fragment_without_first")),
      { reload: { defaults: STRICT, rules: [NO_DNS] } },
      inward(later(f, 24, 5, false, { id: 9 }), undecided("fragment_without_first", "would_drop")),
    ],
  },
  {
    name: `${f.name}: in reversed order the last is undecided, and those behind the first follow it`,
    config: { mode: "prevent", rules: [NO_DNS] },
    steps: [
      inward(later(f, 32, 5, false), undecided("fragment_without_first")),
      inward(first(f, 53), dropped("no-dns")),
      inward(later(f, 16, 16, true), dropped("no-dns")),
      inward(first(f, 54, 16, { id: 8 }), passed()),
    ],
  },
  {
    name: `${f.name}: a later fragment makes no connection`,
    config: { mode: "prevent", defaults: { ...STRICT }, rules: [{ ...NO_UDP, name: "no-udp-out", direction: "egress" }] },
    steps: [
      inward(later(f, 16, 5, false), passed()),
      outward(partFromLocal(f, { offset: 0, more: true }, UDP({ sport: 0, dport: 0, length: 64 }), payload(8)), dropped("no-udp-out")),
    ],
  },
];

const lateCases = (f: Family): Case[] => [
  {
    name: `${f.name}: a later fragment makes no connection even where it is the first to pass`,
    config: { mode: "prevent", rules: [NO_DNS] },
    steps: [
      inward(first(f, 53), dropped("no-dns")),
      { reload: { mode: "prevent", defaults: { action: "block" }, rules: [{ ...DNS, direction: "ingress" }] } },
      inward(later(f, 16, 5, false), passed("dns")),
      outward(partFromLocal(f, { offset: 0, more: true }, UDP({ sport: 53, dport: 40000, length: 64 }), payload(8)), dropped("default")),
    ],
  },
  {
    name: `${f.name}: only a first fragment begins anew after a complete datagram`,
    config: { mode: "prevent", defaults: STRICT },
    steps: [
      inward(first(f, 54), passed()),
      inward(later(f, 16, 5, false), passed()),
      inward(later(f, 16, 5, false), overlap),
      inward(first(f, 54, 16, { id: 8 }), passed()),
    ],
  },
];

/** What a missing first leaves open, and what it does not. */
const unknownCases = (f: Family): Case[] => {
  const lone = later(f, 16, 5, false);
  const cases: [string, PolicyText, Case["steps"][number]][] = [
    ["no rule asks for ports", { rules: [NO_REMOTE(f)] }, inward(lone, dropped("no-remote"))],
    ["nothing but the default speaks", { defaults: { action: "block" } }, inward(lone, dropped("default"))],
    ["the rules name other addresses", { rules: [{ ...NO_DNS, layer3: { source: [f.stranger] } }] }, inward(lone, passed())],
    ["the rules name the other direction", { rules: [{ ...NO_DNS, direction: "egress" }] }, inward(lone, passed())],
    ["the rules name other interfaces", { rules: [{ ...NO_DNS, interfaces: ["eth1"] }] }, inward(lone, passed())],
    ["only a staged rule asks for ports", { rules: [{ ...NO_DNS, enforce: false }] }, inward(lone, passed())],
    [
      "a staged rule that does not ask for ports is told",
      { rules: [{ ...NO_REMOTE(f), enforce: false }] },
      inward(lone, passed("default", "no-remote")),
    ],
    ["the rule in doubt and the one that decides both block", { rules: [NO_DNS, NO_REMOTE(f)] }, inward(lone, dropped("no-remote"))],
    ["the rule in doubt and the default both block", { defaults: { action: "block" }, rules: [NO_DNS] }, inward(lone, dropped("default"))],
    ["the rule in doubt and the default both allow", { rules: [DNS] }, inward(lone, passed())],
    [
      "the rule in doubt allows, the default blocks",
      { defaults: { action: "block" }, rules: [DNS] },
      inward(lone, undecided("fragment_without_first")),
    ],
    [
      "the rule in doubt blocks, a later one allows",
      { rules: [NO_DNS, { name: "all", action: "allow" }] },
      inward(lone, undecided("fragment_without_first")),
    ],
    [
      "two rules in doubt differ, the decisive one blocks",
      { rules: [DNS, { ...NO_DNS, layer4: { protocol: "udp", destination_ports: [54] } }, NO_REMOTE(f)] },
      inward(lone, undecided("fragment_without_first")),
    ],
    [
      "a rule decides before the one in doubt",
      { rules: [{ name: "remote", action: "allow", layer3: { source: [f.remote] } }, NO_DNS] },
      inward(lone, passed("remote")),
    ],
    [
      "a staged rule behind the one in doubt is not told",
      { rules: [NO_DNS, { ...NO_REMOTE(f), name: "staged", enforce: false }, NO_REMOTE(f)] },
      inward(lone, dropped("no-remote")),
    ],
    [
      "a staged rule before the one in doubt is told",
      { rules: [{ ...NO_REMOTE(f), name: "staged", enforce: false }, NO_DNS, NO_REMOTE(f)] },
      inward(lone, dropped("no-remote", "staged")),
    ],
  ];
  return cases.map(([name, config, step]) => ({
    name: `${f.name}: a fragment without its first, where ${name}`,
    config: { mode: "prevent", ...config },
    steps: [step],
  }));
};

const PROTOCOL_CASES: Case[] = [
  {
    name: "IPv4 says the protocol in each fragment, so that a rule on it decides without the first",
    config: { mode: "prevent", rules: [NO_UDP] },
    steps: [inward(later(FAMILY_4, 16, 5, false), dropped("no-udp")), inward(later(FAMILY_4, 16, 5, false, { protocol: 6 }), passed())],
  },
  {
    name: "IPv6 says the protocol in the first fragment only: what later ones claim is not believed",
    config: { mode: "prevent", rules: [NO_UDP] },
    steps: [
      inward(later(FAMILY_6, 16, 5, false), undecided("fragment_without_first")),
      inward(later(FAMILY_6, 16, 5, false, { id: 8, protocol: 6 }), undecided("fragment_without_first")),
      inward(later(FAMILY_6, 16, 5, false, { id: 9, protocol: 60 }), undecided("fragment_without_first")),
      inward(first(FAMILY_6, 53, 16, { id: 10 }), dropped("no-udp")),
      inward(later(FAMILY_6, 16, 5, false, { id: 10, protocol: 6 }), dropped("no-udp")),
    ],
  },
  {
    name: "IPv6 fragments are joined whatever protocol each claims, and so overlap",
    config: { mode: "prevent", defaults: STRICT, rules: [NO_DNS] },
    steps: [
      inward(first(FAMILY_6, 54), passed()),
      inward(later(FAMILY_6, 8, 8, true, { protocol: 6 }), overlap),
      inward(first(FAMILY_6, 54, 16, { id: 8 }), passed()),
    ],
  },
  {
    name: "IPv4 fragments of another protocol are another datagram",
    config: { mode: "prevent", defaults: STRICT },
    steps: [inward(first(FAMILY_4, 54), passed()), inward(later(FAMILY_4, 8, 8, true, { protocol: 6 }), passed())],
  },
  {
    name: "options behind the fragment header of the first are skipped, and later ones follow",
    config: { mode: "prevent", defaults: STRICT, rules: [NO_DNS] },
    steps: [
      inward(
        partFromRemote(FAMILY_6, { offset: 0, more: true }, DestinationOptions(), UDP({ dport: 53, length: 64 }), payload(8)),
        dropped("no-dns"),
      ),
      inward(later(FAMILY_6, 24, 5, false, { protocol: 60 }), dropped("no-dns")),
      inward(
        partFromRemote(FAMILY_6, { id: 8, offset: 0, more: true }, DestinationOptions(), UDP({ dport: 54, length: 64 }), payload(8)),
        passed(),
      ),
      inward(later(FAMILY_6, 24, 5, false, { id: 8, protocol: 60 }), passed()),
    ],
  },
  {
    name: "a fragment in a fragment is nested",
    config: { mode: "prevent", defaults: STRICT },
    steps: [
      inward(
        frame(Ethernet(), IPv6(), Fragment({ id: 1, more: true }), Fragment({ id: 2, more: true }), UDP(), payload(8)),
        undecided("fragment_nested", "dropped"),
      ),
      inward(frame(Ethernet(), IPv6(), Fragment({ id: 1, more: true }), UDP(), payload(8)), passed()),
    ],
  },
];

const tinyCases = (f: Family): Case[] => {
  const tiny = (name: string, protocol: number, bytes: number, right: Layer): Case => ({
    name: `${f.name}: ${bytes} bytes of ${name} in a first fragment are too few`,
    config: { mode: "prevent", defaults: STRICT },
    steps: [
      inward(partFromRemote(f, { offset: 0, more: true, protocol }, payload(bytes)), undecided("fragment_tiny", "dropped")),
      inward(partFromRemote(f, { id: 8, offset: 0, more: true }, right, payload(4)), passed()),
    ],
  });
  return [
    tiny("TCP", 6, 8, TCP()),
    tiny("TCP", 6, 16, TCP()),
    {
      name: `${f.name}: the ports of TCP in a first fragment of 24 bytes are found, and a tiny one lends none`,
      config: {
        mode: "prevent",
        rules: [{ name: "no-telnet", action: "block", enforce: true, layer4: { protocol: "tcp", destination_ports: [23] } }],
      },
      steps: [
        inward(partFromRemote(f, { offset: 0, more: true }, TCP({ dport: 23 }), payload(4)), dropped("no-telnet")),
        inward(partFromRemote(f, { offset: 24, more: false, protocol: 6 }, payload(4)), dropped("no-telnet")),
        inward(partFromRemote(f, { id: 8, offset: 0, more: true, protocol: 6 }, payload(8)), undecided("fragment_tiny")),
        inward(partFromRemote(f, { id: 8, offset: 8, more: false, protocol: 6 }, payload(16)), undecided("fragment_without_first")),
        inward(partFromRemote(f, { id: 9, offset: 0, more: true }, TCP({ dport: 24 }), payload(4)), passed()),
      ],
    },
    {
      name: `${f.name}: a TCP header that ends behind its first fragment is too long`,
      config: { mode: "prevent", defaults: STRICT },
      steps: [
        inward(partFromRemote(f, { offset: 0, more: true }, TCP({ doff: 15 }), payload(4)), undecided("tcp_header_length", "dropped")),
        inward(partFromRemote(f, { offset: 0, more: true }, TCP({ doff: 6 }), payload(4)), passed()),
      ],
    },
  ];
};

const lengthCases = (f: Family): Case[] => {
  const wrong: [string, Uint8Array, Uint8Array][] = [
    ["whose length is no multiple of 8, but is not the last", later(f, 16, 9, true), later(f, 16, 8, true)],
    ["of no bytes", later(f, 16, 0, false), later(f, 16, 1, false)],
    ["that ends beyond 65,535 bytes", later(f, 65_528, 8, false), later(f, 65_528, 7, false)],
    ["that is the first and of odd length", first(f, 54, 17), first(f, 54, 24)],
  ];
  return wrong.flatMap(([name, bad, good]) =>
    (["ingress", "egress"] as const).map((hook) => ({
      name: `${hook} ${f.name}: a fragment ${name}`,
      config: { mode: "prevent" as const, defaults: STRICT },
      steps: [at(hook, bad, undecided("fragment_length", "dropped")), at(hook, good, passed())],
    })),
  );
};

const overlapCases = (f: Family): Case[] => [
  ...(
    [
      ["the same bytes again", 16, 16],
      ["the end of the one before", 8, 16],
      ["the end of the first", 8, 8],
      ["all there is", 8, 64],
    ] as const
  ).map(
    ([name, offset, bytes]): Case => ({
      name: `${f.name}: a fragment that claims ${name} spoils the datagram`,
      config: { mode: "prevent", defaults: STRICT },
      steps: [
        inward(first(f, 54), passed()),
        inward(later(f, 16, 16, true), passed()),
        inward(later(f, offset, bytes, true), overlap),
        inward(later(f, 32, 5, false), overlap),
        inward(first(f, 54), overlap),
        inward(first(f, 54, 16, { id: 8 }), passed()),
      ],
    }),
  ),
  {
    name: `${f.name}: a second first fragment with other ports does not win`,
    config: { mode: "prevent", defaults: STRICT, rules: [NO_DNS] },
    steps: [
      inward(first(f, 54), passed()),
      inward(first(f, 53), overlap),
      inward(later(f, 16, 5, false), overlap),
      inward(first(f, 54, 16, { id: 8 }), passed()),
      inward(later(f, 16, 5, false, { id: 8 }), passed()),
    ],
  },
  {
    name: `${f.name}: a first fragment that comes last may not cover what is there`,
    config: { mode: "prevent", defaults: STRICT },
    steps: [
      inward(later(f, 16, 5, false), passed()),
      inward(first(f, 54, 24), overlap),
      inward(later(f, 16, 5, false, { id: 8 }), passed()),
      inward(first(f, 54, 16, { id: 8 }), passed()),
    ],
  },
  {
    name: `${f.name}: on_error speaks of a spoiled datagram`,
    config: {},
    steps: [
      inward(first(f, 54), passed()),
      inward(first(f, 54), undecided("fragment_overlap")),
      { reload: { defaults: STRICT } },
      inward(later(f, 16, 5, false), undecided("fragment_overlap", "would_drop")),
    ],
  },
  {
    name: `${f.name}: a complete datagram makes room for another with its id`,
    config: { mode: "prevent", defaults: STRICT, rules: [NO_DNS] },
    steps: [
      inward(first(f, 54), passed()),
      inward(later(f, 16, 5, false), passed()),
      inward(first(f, 53), dropped("no-dns")),
      inward(later(f, 16, 5, false), dropped("no-dns")),
      inward(first(f, 54), passed()),
      inward(later(f, 24, 5, false), passed()),
      inward(first(f, 53), overlap),
    ],
  },
  {
    name: `${f.name}: eight gaps are remembered, a ninth is not, and what touches becomes one`,
    config: { mode: "prevent", defaults: STRICT },
    steps: [
      inward(first(f, 54, 8), passed()),
      ...[16, 32, 48, 64, 80, 96, 112].map((offset) => inward(later(f, offset, 8, true), passed())),
      inward(later(f, 8, 8, true), passed()),
      inward(later(f, 128, 8, true), passed()),
      inward(later(f, 136, 8, true), passed()),
      inward(later(f, 152, 8, true), undecided("fragment_ranges", "dropped")),
      inward(later(f, 24, 8, true), undecided("fragment_ranges", "dropped")),
      inward(first(f, 54, 8, { id: 8 }), passed()),
    ],
  },
  {
    name: `${f.name}: the same id from another host, interface or VLAN is another datagram`,
    config: { mode: "prevent", defaults: STRICT, rules: [NO_DNS] },
    steps: [
      inward(first(f, 53), dropped("no-dns")),
      inward(first(f, 54), passed(), { interface: "eth1" }),
      inward(later(f, 16, 5, false), passed(), { interface: "eth1" }),
      inward(
        frame(
          Ethernet(),
          VLAN(5),
          ...f.part({ src: f.remote, dst: f.local }, { offset: 0, more: true }),
          UDP({ dport: 54, length: 64 }),
          payload(8),
        ),
        passed(),
      ),
      inward(
        frame(
          Ethernet(),
          ...f.part({ src: f.stranger, dst: f.local }, { offset: 0, more: true }),
          UDP({ dport: 54, length: 64 }),
          payload(8),
        ),
        passed(),
      ),
      inward(later(f, 16, 5, false), dropped("no-dns")),
    ],
  },
  {
    name: `${f.name}: detect says of every fragment what prevent does`,
    config: { rules: [NO_DNS] },
    steps: [
      inward(first(f, 53), wouldDrop("no-dns")),
      inward(later(f, 16, 5, false), wouldDrop("no-dns")),
      inward(first(f, 54, 16, { id: 8 }), passed()),
    ],
  },
];

export const FRAGMENT_CASES: Case[] = [
  ...[orderCases, lateCases, unknownCases, tinyCases, lengthCases, overlapCases].flatMap(forBoth),
  ...PROTOCOL_CASES,
];
