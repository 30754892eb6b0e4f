/** What rules mean together: order, lists, staged rules, defaults, families. */

import { Ethernet, frame, IPv4, IPv6, payload, TCP, UDP } from "../../harness/packet.ts";
import { dropped, inward, outward, passed, undecided, wouldDrop, type Case } from "../case.ts";
import { FAMILY_4, FAMILY_6, forBoth, fromLocal, fromRemote, type Family } from "../family.ts";
import type { RuleText } from "../policy.ts";

const BLOCK_WEB: RuleText = { name: "no-web", action: "block", enforce: true, layer4: { protocol: "tcp", destination_ports: [80] } };
const ALLOW_WEB: RuleText = { name: "web", action: "allow", layer4: { protocol: "tcp", destination_ports: [80] } };
const STAGED_TCP: RuleText = { name: "staged-tcp", action: "block", layer4: { protocol: "tcp" } };
const STAGED_ALL: RuleText = { name: "staged-all", action: "block" };

const CURL: RuleText = { name: "curl", action: "block", enforce: true, process: { executable: "*/curl" } };

/** Nobody knows whose the packet is. */
const processCases = (f: Family): Case[] => {
  const web = fromLocal(f, TCP({ dport: 80 }));
  return [
    {
      name: `${f.name}: where a rule asks for a process that is not known, the packet is undecided`,
      config: { mode: "prevent", rules: [CURL] },
      steps: [
        outward(web, undecided("process_unknown")),
        { reload: { mode: "prevent", rules: [CURL], defaults: { on_error: { egress: "block" } } } },
        outward(web, undecided("process_unknown", "dropped")),
      ],
    },
    {
      name: `${f.name}: it is decided where every process would fare the same`,
      config: { mode: "prevent", rules: [CURL, BLOCK_WEB] },
      steps: [outward(web, dropped("no-web")), outward(fromLocal(f, TCP({ dport: 81 })), undecided("process_unknown"))],
    },
    {
      name: `${f.name}: what else a rule asks for may say that its process does not matter`,
      config: { mode: "prevent", rules: [{ ...CURL, layer4: { protocol: "udp" } }] },
      steps: [outward(web, passed()), outward(fromLocal(f, UDP()), undecided("process_unknown"))],
    },
    {
      name: `${f.name}: a staged rule about a process that is not known says nothing`,
      config: { mode: "prevent", rules: [{ ...CURL, enforce: false }] },
      steps: [outward(web, passed())],
    },
    {
      name: `${f.name}: a rule that leaves out a process is not sure of one that is not known`,
      config: {
        mode: "prevent",
        defaults: { action: "block" },
        rules: [{ name: "others", action: "allow", not: { process: { user: "root" } } }],
      },
      steps: [outward(web, undecided("process_unknown")), outward(web, passed("others"), { process: { user: { uid: 7 } } })],
    },
    {
      name: `${f.name}: a connection without a process on this host fits no rule about processes`,
      config: {
        mode: "prevent",
        rules: [CURL, { name: "others", action: "block", enforce: true, not: { process: { executable: "*/wget" } } }],
      },
      steps: [outward(web, dropped("others"), { process: null })],
    },
  ];
};

const orderCases = (f: Family): Case[] => {
  const web = fromRemote(f, TCP({ dport: 80 }));
  const other = fromRemote(f, TCP({ dport: 81 }));
  return [
    {
      name: `${f.name}: an allow before a block wins`,
      config: { mode: "prevent", rules: [ALLOW_WEB, BLOCK_WEB] },
      steps: [inward(web, passed("web")), inward(other, passed())],
    },
    {
      name: `${f.name}: a block before an allow wins`,
      config: { mode: "prevent", rules: [BLOCK_WEB, ALLOW_WEB] },
      steps: [inward(web, dropped("no-web")), inward(other, passed())],
    },
    {
      name: `${f.name}: a staged block before an allow is told, and the allow decides`,
      config: { mode: "prevent", rules: [STAGED_TCP, ALLOW_WEB] },
      steps: [inward(web, passed("web", "staged-tcp")), inward(other, passed("default", "staged-tcp"))],
    },
    {
      name: `${f.name}: a staged block before an enforced one is told, and the enforced one drops`,
      config: { mode: "prevent", rules: [STAGED_TCP, BLOCK_WEB] },
      steps: [inward(web, dropped("no-web", "staged-tcp")), inward(other, passed("default", "staged-tcp"))],
    },
    {
      name: `${f.name}: of two staged blocks the first is told`,
      config: { rules: [STAGED_ALL, STAGED_TCP] },
      steps: [inward(web, passed("default", "staged-all")), inward(fromRemote(f, UDP()), passed("default", "staged-all"))],
    },
    {
      name: `${f.name}: a staged block behind the rule that decides is not told`,
      config: { rules: [ALLOW_WEB, STAGED_ALL] },
      steps: [inward(web, passed("web")), inward(other, passed("default", "staged-all"))],
    },
    {
      name: `${f.name}: a rule without fields means everything`,
      config: { mode: "prevent", rules: [{ name: "all", action: "block", enforce: true }] },
      steps: [inward(web, dropped("all")), outward(fromLocal(f, UDP()), dropped("all")), { reload: {} }, inward(web, passed())],
    },
    {
      name: `${f.name}: empty lists mean any`,
      config: {
        mode: "prevent",
        rules: [
          {
            ...BLOCK_WEB,
            interfaces: [],
            layer3: { source: [], destination: [] },
            layer4: { ...BLOCK_WEB.layer4, destination_ports: [80], source_ports: [] },
          },
        ],
      },
      steps: [inward(web, dropped("no-web")), inward(other, passed())],
    },
    {
      name: `${f.name}: a rule without direction judges both`,
      config: { mode: "prevent", rules: [BLOCK_WEB] },
      steps: [
        inward(web, dropped("no-web")),
        outward(fromLocal(f, TCP({ dport: 80 })), dropped("no-web")),
        outward(fromLocal(f, TCP({ dport: 81 })), passed()),
      ],
    },
    {
      name: `${f.name}: the entries of a list are alternatives, the fields of a rule must all hold`,
      config: {
        mode: "prevent",
        rules: [
          {
            name: "some",
            action: "block",
            enforce: true,
            layer3: { source: [f.stranger, f.remote] },
            layer4: { protocol: "tcp", destination_ports: [79, "80-82", 90] },
          },
        ],
      },
      steps: [
        inward(web, dropped("some")),
        inward(fromRemote(f, TCP({ dport: 90 })), dropped("some")),
        inward(fromRemote(f, TCP({ dport: 83 })), passed()),
        inward(fromRemote(f, UDP({ dport: 80 })), passed()),
        inward(frame(Ethernet(), f.ip({ src: f.stranger, dst: f.local }), TCP({ dport: 79 })), dropped("some")),
        inward(frame(Ethernet(), f.ip({ src: f.range.last, dst: f.local }), TCP({ dport: 79 })), passed()),
      ],
    },
  ];
};

const defaultCases = (f: Family): Case[] => [
  {
    name: `${f.name}: the default blocks without an enforce`,
    config: { defaults: { action: "block" }, rules: [ALLOW_WEB] },
    steps: [
      inward(fromRemote(f, TCP({ dport: 80 })), passed("web")),
      inward(fromRemote(f, UDP()), wouldDrop("default")),
      { mode: "prevent" },
      inward(fromRemote(f, UDP()), dropped("default")),
      outward(fromLocal(f, TCP({ dport: 81 })), dropped("default")),
    ],
  },
  {
    name: `${f.name}: a staged block is told in front of a default that blocks`,
    config: { mode: "prevent", defaults: { action: "block" }, rules: [STAGED_TCP] },
    steps: [inward(fromRemote(f, TCP()), dropped("default", "staged-tcp")), inward(fromRemote(f, UDP()), dropped("default"))],
  },
  {
    name: `${f.name}: the mode is read for each packet`,
    config: { rules: [BLOCK_WEB] },
    steps: [
      inward(fromRemote(f, TCP({ dport: 80 })), wouldDrop("no-web")),
      { mode: "prevent" },
      inward(fromRemote(f, TCP({ dport: 80 })), dropped("no-web")),
      { mode: "detect" },
      inward(fromRemote(f, TCP({ dport: 80 })), wouldDrop("no-web")),
      inward(fromRemote(f, TCP({ dport: 81 })), passed()),
    ],
  },
  ...[0, 41, 59, 132, 253, 255]
    .filter((protocol) => f.name === "IPv4" || ![0, 41].includes(protocol))
    .map((protocol) => ({
      name: `${f.name}: protocol ${protocol} has no ports and can be named by its number`,
      config: {
        mode: "prevent",
        inspect_tunnels: false,
        rules: [{ name: "it", action: "block", enforce: true, layer4: { protocol } }],
      } as const,
      steps: [
        inward(frame(Ethernet(), f.ip({ src: f.remote, dst: f.local, protocol }), payload(24)), dropped("it")),
        inward(frame(Ethernet(), f.ip({ src: f.remote, dst: f.local, protocol: 254 }), payload(24)), passed()),
      ],
    })),
];

const udp4 = frame(Ethernet(), IPv4(), UDP({ dport: 53 }));
const udp6 = frame(Ethernet(), IPv6(), UDP({ dport: 53 }));

const FAMILY_CASES: Case[] = [
  {
    name: "0.0.0.0/0 is all of IPv4 and nothing of IPv6",
    config: { mode: "prevent", rules: [{ name: "v4", action: "block", enforce: true, layer3: { source: ["0.0.0.0/0"] } }] },
    steps: [inward(udp4, dropped("v4")), inward(udp6, passed())],
  },
  ...(["source", "destination"] as const).map(
    (side): Case => ({
      name: `::/0 as ${side} is all of IPv6 and nothing of IPv4`,
      config: { mode: "prevent", rules: [{ name: "v6", action: "block", enforce: true, layer3: { [side]: ["::/0"] } }] },
      steps: [
        inward(udp6, dropped("v6")),
        inward(frame(Ethernet(), IPv6({ src: "ff02::1", dst: "::1:2" }), UDP()), dropped("v6")),
        inward(frame(Ethernet(), IPv6({ src: "::2", dst: "::ff00:102:304" }), UDP()), dropped("v6")),
        inward(udp4, passed()),
      ],
    }),
  ),
  {
    name: "a list may mix families, and its entries meet those of their own family only",
    config: {
      mode: "prevent",
      rules: [
        {
          name: "pair",
          action: "block",
          enforce: true,
          layer3: { source: [FAMILY_4.remote, FAMILY_6.remote], destination: [FAMILY_4.local, FAMILY_6.local] },
        },
      ],
    },
    steps: [
      inward(fromRemote(FAMILY_4, UDP()), dropped("pair")),
      inward(fromRemote(FAMILY_6, UDP()), dropped("pair")),
      outward(fromLocal(FAMILY_4, UDP({ sport: 53, dport: 5353 })), passed()),
      outward(fromLocal(FAMILY_6, UDP({ sport: 53, dport: 5353 })), passed()),
    ],
  },
  {
    name: "a source of one family with a destination of the other matches nothing",
    config: {
      mode: "prevent",
      rules: [{ name: "never", action: "block", enforce: true, layer3: { source: [FAMILY_4.remote], destination: [FAMILY_6.local] } }],
    },
    steps: [inward(fromRemote(FAMILY_4, UDP()), passed()), inward(fromRemote(FAMILY_6, UDP()), passed())],
  },
  ...(
    [
      ["source", "::ffff:198.18.0.1", "2001:db8::2"],
      ["destination", "2001:db8::1", "::ffff:198.18.0.2"],
    ] as const
  ).map(
    ([side, src, dst]): Case => ({
      name: `an IPv4 address as ${side} of an IPv6 header meets no rule of IPv4, and no failsafe`,
      config: {
        mode: "prevent",
        defaults: { on_error: { ingress: "block" } },
        failsafe: { addresses: ["198.18.0.0/24"] },
        rules: [{ name: "v4", action: "allow", layer3: { [side]: ["198.18.0.0/24"] } }],
      },
      steps: [
        inward(frame(Ethernet(), IPv6({ src, dst }), UDP()), undecided("ipv6_version", "dropped")),
        inward(frame(Ethernet(), IPv6(), UDP()), passed()),
        inward(frame(Ethernet(), IPv4({ src: "198.18.1.1", dst: "198.18.0.2" }), UDP()), passed(side === "source" ? "default" : "v4")),
      ],
    }),
  ),
];

export const RULE_CASES: Case[] = [...forBoth(orderCases), ...forBoth(processCases), ...forBoth(defaultCases), ...FAMILY_CASES];
