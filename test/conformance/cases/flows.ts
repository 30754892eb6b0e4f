/** Connections: who opened one, what follows it, and what a change of rules does to it. */

import { Ethernet, frame, payload, TCP, UDP, VLAN } from "../../harness/packet.ts";
import { dropped, inward, outward, passed, undecided, wouldDrop, type Case } from "../case.ts";
import { forBoth, fromLocal, fromRemote, type Family } from "../family.ts";
import type { PolicyText, RuleText } from "../policy.ts";

const WEB_IN: RuleText = { name: "web-in", action: "allow", direction: "ingress", layer4: { protocol: "tcp", destination_ports: [80] } };
const WEB_OUT: RuleText = { name: "web-out", action: "allow", direction: "egress", layer4: { protocol: "tcp", destination_ports: [80] } };
const NO_WEB_IN: RuleText = { ...WEB_IN, name: "no-web-in", action: "block", enforce: true };
const NO_OUT: RuleText = { name: "no-out", action: "block", enforce: true, direction: "egress" };
const NO_IN: RuleText = { ...NO_OUT, name: "no-in", direction: "ingress" };
const CLOSED: PolicyText = { mode: "prevent", defaults: { action: "block", on_error: { ingress: "block", egress: "block" } } };
const LISTENING = { listening: [80] };

/** Of one TCP connection from 40000 to 80. */
const opener = (...flags: NonNullable<Parameters<typeof TCP>[0]>["flags"] & {}) => TCP({ sport: 40000, dport: 80, flags });
const answer = (...flags: NonNullable<Parameters<typeof TCP>[0]>["flags"] & {}) => TCP({ sport: 80, dport: 40000, flags });

const followCases = (f: Family): Case[] => [
  {
    name: `${f.name}: the replies of an allowed TCP connection pass, and nothing else does`,
    config: { ...CLOSED, rules: [WEB_IN] },
    steps: [
      inward(fromRemote(f, opener("syn")), passed("web-in")),
      outward(fromLocal(f, answer("syn", "ack")), passed("web-in")),
      inward(fromRemote(f, opener("ack")), passed("web-in")),
      inward(fromRemote(f, opener("ack", "psh"), payload("GET")), passed("web-in")),
      outward(fromLocal(f, answer("ack"), payload("OK")), passed("web-in")),
      outward(fromLocal(f, TCP({ sport: 80, dport: 40001, flags: ["syn"] })), dropped("default")),
      inward(fromRemote(f, UDP({ sport: 40000, dport: 80 })), dropped("default")),
    ],
  },
  {
    name: `${f.name}: the replies of an allowed connection from here pass`,
    config: { ...CLOSED, rules: [WEB_OUT] },
    steps: [
      outward(fromLocal(f, opener("syn")), passed("web-out")),
      inward(fromRemote(f, answer("syn", "ack")), passed("web-out")),
      outward(fromLocal(f, opener("ack")), passed("web-out")),
      inward(fromRemote(f, TCP({ dport: 80 })), dropped("default")),
    ],
  },
  {
    name: `${f.name}: UDP replies pass, as long as they are those of the connection`,
    config: {
      ...CLOSED,
      rules: [{ name: "dns", action: "allow", direction: "egress", layer4: { protocol: "udp", destination_ports: [53] } }],
    },
    steps: [
      inward(fromRemote(f, UDP({ sport: 53, dport: 40000 })), dropped("default")),
      outward(fromLocal(f, UDP({ sport: 40000, dport: 53 })), passed("dns")),
      inward(fromRemote(f, UDP({ sport: 53, dport: 40000 })), passed("dns")),
      inward(fromRemote(f, UDP({ sport: 53, dport: 40001 })), dropped("default")),
      inward(frame(Ethernet(), f.ip({ src: f.stranger, dst: f.local }), UDP({ sport: 53, dport: 40000 })), dropped("default")),
    ],
  },
  {
    name: `${f.name}: replies of protocols without ports pass`,
    config: { ...CLOSED, rules: [{ name: "sctp", action: "allow", direction: "egress", layer4: { protocol: "sctp" } }] },
    steps: [
      inward(frame(Ethernet(), f.ip({ src: f.remote, dst: f.local, protocol: 132 }), payload(12)), dropped("default")),
      outward(frame(Ethernet(), f.ip({ src: f.local, dst: f.remote, protocol: 132 }), payload(12)), passed("sctp")),
      inward(frame(Ethernet(), f.ip({ src: f.remote, dst: f.local, protocol: 132 }), payload(12)), passed("sctp")),
    ],
  },
  {
    name: `${f.name}: a rule never matches a reply`,
    config: {
      mode: "prevent",
      rules: [{ name: "from-80", action: "block", enforce: true, layer4: { protocol: "tcp", source_ports: [80] } }, NO_OUT],
    },
    steps: [
      inward(fromRemote(f, opener("syn")), passed()),
      outward(fromLocal(f, answer("syn", "ack")), passed()),
      inward(fromRemote(f, TCP({ sport: 80, dport: 81 })), dropped("from-80")),
      outward(fromLocal(f, TCP({ sport: 81, dport: 82 })), dropped("no-out")),
    ],
  },
  {
    name: `${f.name}: a staged rule is told of the replies as well`,
    config: { mode: "prevent", rules: [{ ...NO_WEB_IN, name: "staged", enforce: false }] },
    steps: [
      inward(fromRemote(f, opener("syn")), passed("default", "staged")),
      outward(fromLocal(f, answer("syn", "ack")), passed("default", "staged")),
    ],
  },
  {
    name: `${f.name}: the same ends on another interface, or in another VLAN, are another connection`,
    config: { ...CLOSED, rules: [{ ...WEB_IN, interfaces: ["eth0"] }] },
    steps: [
      inward(fromRemote(f, opener("syn")), passed("web-in")),
      outward(fromLocal(f, answer("syn", "ack")), undecided("opener_unknown", "dropped"), { interface: "eth1" }),
      outward(frame(Ethernet(), VLAN(5), f.ip({ src: f.local, dst: f.remote }), UDP()), dropped("default")),
      outward(
        frame(Ethernet(), VLAN(5), f.ip({ src: f.local, dst: f.remote }), TCP({ sport: 80, dport: 40000, flags: ["ack"] })),
        undecided("opener_unknown", "dropped"),
      ),
      outward(fromLocal(f, answer("syn", "ack")), passed("web-in")),
    ],
  },
];

const openerCases = (f: Family): Case[] => [
  {
    name: `${f.name}: a connection met in the middle is undecided where nothing tells who opened it`,
    config: { mode: "prevent", rules: [NO_IN] },
    steps: [
      inward(fromRemote(f, opener("ack")), undecided("opener_unknown")),
      inward(fromRemote(f, opener("rst")), undecided("opener_unknown")),
      inward(fromRemote(f, opener("fin", "ack")), undecided("opener_unknown")),
      inward(fromRemote(f, opener()), undecided("opener_unknown")),
      outward(fromLocal(f, answer("ack")), undecided("opener_unknown")),
      inward(fromRemote(f, opener("syn")), dropped("no-in")),
      { reload: { mode: "prevent", defaults: { on_error: { ingress: "block" } } } },
      inward(fromRemote(f, opener("ack")), undecided("opener_unknown", "dropped")),
      outward(fromLocal(f, answer("ack")), undecided("opener_unknown")),
      inward(fromRemote(f, opener("ack")), undecided("opener_unknown", "dropped")),
    ],
  },
  {
    name: `${f.name}: a connection met in the middle was opened from outside where a socket listens`,
    config: { mode: "prevent", rules: [NO_WEB_IN] },
    host: { listening: [80, 81] },
    steps: [
      inward(fromRemote(f, opener("ack")), dropped("no-web-in")),
      outward(fromLocal(f, answer("ack")), dropped("no-web-in")),
      inward(fromRemote(f, opener("rst")), dropped("no-web-in")),
      inward(fromRemote(f, TCP({ dport: 81, flags: ["ack"] })), passed()),
    ],
  },
  {
    name: `${f.name}: a connection met in the middle was opened from here where only its socket is known`,
    config: { mode: "prevent", rules: [{ ...NO_OUT, layer4: { protocol: "tcp", destination_ports: [80] } }] },
    host: {
      established: [
        { local: { address: f.local, port: 40000 }, remote: { address: f.remote, port: 80 } },
        { local: { address: f.local, port: 40001 }, remote: { address: f.remote, port: 81 } },
      ],
    },
    steps: [
      inward(fromRemote(f, answer("ack")), dropped("no-out")),
      outward(fromLocal(f, opener("ack")), dropped("no-out")),
      outward(fromLocal(f, TCP({ sport: 40001, dport: 81, flags: ["ack"] })), passed()),
      inward(fromRemote(f, TCP({ sport: 82, dport: 40001, flags: ["ack"] })), undecided("opener_unknown")),
    ],
  },
  {
    name: `${f.name}: a SYN with ACK is its receiver's where only its socket is known`,
    config: { mode: "prevent", rules: [NO_IN, { ...NO_OUT, layer4: { protocol: "tcp", destination_ports: [80] } }] },
    host: {
      established: [
        { local: { address: f.local, port: 40000 }, remote: { address: f.remote, port: 80 } },
        { local: { address: f.local, port: 40001 }, remote: { address: f.remote, port: 81 } },
      ],
    },
    steps: [
      inward(fromRemote(f, answer("syn", "ack")), dropped("no-out")),
      inward(fromRemote(f, TCP({ sport: 81, dport: 40001, flags: ["syn", "ack"] })), passed()),
      inward(fromRemote(f, TCP({ sport: 82, dport: 40001, flags: ["syn", "ack"] })), undecided("opener_unknown")),
    ],
  },
  {
    name: `${f.name}: a SYN with ACK does not make a connection to a listening port look like one from here`,
    config: { mode: "prevent", rules: [NO_WEB_IN] },
    host: LISTENING,
    steps: [
      inward(fromRemote(f, opener("syn", "ack")), dropped("no-web-in")),
      inward(fromRemote(f, opener("syn")), dropped("no-web-in")),
      inward(fromRemote(f, opener("ack")), dropped("no-web-in")),
      inward(fromRemote(f, TCP({ dport: 81 })), passed()),
    ],
  },
  {
    name: `${f.name}: a SYN with ACK in front opens no way for a SYN`,
    config: { mode: "prevent", rules: [NO_WEB_IN] },
    steps: [
      inward(fromRemote(f, opener("syn", "ack")), undecided("opener_unknown")),
      inward(fromRemote(f, opener("syn")), dropped("no-web-in")),
      inward(fromRemote(f, TCP({ dport: 81 })), passed()),
    ],
  },
  {
    name: `${f.name}: a SYN from the other end is a connection of its own, and leaves the one that stands`,
    config: { mode: "prevent", rules: [NO_OUT] },
    steps: [
      inward(fromRemote(f, opener("syn")), passed()),
      outward(fromLocal(f, answer("syn")), dropped("no-out")),
      outward(fromLocal(f, answer("syn", "ack")), passed()),
      inward(fromRemote(f, opener("syn")), passed()),
      inward(fromRemote(f, opener("ack")), passed()),
    ],
  },
  ...[["rst"], ["rst", "ack"]].map(
    (flags): Case => ({
      name: `${f.name}: after ${flags.join(" and ")} a SYN opens anew, from either end`,
      config: { mode: "prevent", rules: [NO_OUT] },
      steps: [
        inward(fromRemote(f, opener("syn")), passed()),
        outward(fromLocal(f, answer("syn", "ack")), passed()),
        outward(fromLocal(f, TCP({ sport: 80, dport: 40000, flags: flags as ["rst"] })), passed()),
        outward(fromLocal(f, answer("syn")), dropped("no-out")),
        inward(fromRemote(f, opener("syn")), passed()),
        outward(fromLocal(f, answer("syn", "ack")), passed()),
      ],
    }),
  ),
  {
    name: `${f.name}: after both ends have finished the last packets follow, and a SYN opens anew`,
    config: { ...CLOSED, rules: [WEB_IN] },
    steps: [
      inward(fromRemote(f, opener("syn")), passed("web-in")),
      outward(fromLocal(f, answer("syn", "ack")), passed("web-in")),
      outward(fromLocal(f, answer("fin", "ack")), passed("web-in")),
      inward(fromRemote(f, opener("fin", "ack")), passed("web-in")),
      outward(fromLocal(f, answer("ack")), passed("web-in")),
      outward(fromLocal(f, answer("ack")), passed("web-in")),
      inward(fromRemote(f, opener("syn")), passed("web-in")),
      outward(fromLocal(f, answer("syn")), dropped("default")),
    ],
  },
];

const OUT: RuleText = { name: "out", action: "allow", direction: "egress" };

/** Numbers of segments: what each end has sent, and what it has acknowledged. */
const said = (sport: number, dport: number, flags: NonNullable<Parameters<typeof TCP>[0]>["flags"] & {}, seq: number, ack: number) =>
  TCP({ sport, dport, flags, seq, ack });

/** The same SYN from the other end, once while the connection stands and once after it ended. */
const againCases = (f: Family): Case[] => {
  const begin: Case["steps"] = [
    inward(fromRemote(f, opener("syn")), passed("web-in")),
    outward(fromLocal(f, said(80, 40000, ["syn", "ack"], 5000, 1001)), passed("web-in")),
  ];
  const finish: Case["steps"] = [
    outward(fromLocal(f, said(80, 40000, ["fin", "ack"], 5001, 1001)), passed("web-in")),
    inward(fromRemote(f, said(40000, 80, ["fin", "ack"], 1001, 5002)), passed("web-in")),
    outward(fromLocal(f, said(80, 40000, ["ack"], 5002, 1002)), passed("web-in")),
  ];
  const reset = inward(fromRemote(f, said(40000, 80, ["rst"], 1001, 0)), passed("web-in"));
  const synBack = outward(fromLocal(f, answer("syn")), passed("out"));
  const next = (rule: string) => inward(fromRemote(f, opener("syn", "ack")), passed(rule));
  const config = { ...CLOSED, rules: [WEB_IN, OUT] };
  return [
    { name: `${f.name}: a SYN back does not take over a connection that stands`, config, steps: [...begin, synBack, next("web-in")] },
    { name: `${f.name}: a SYN back opens anew when both ends have finished`, config, steps: [...begin, ...finish, synBack, next("out")] },
    { name: `${f.name}: a SYN back opens anew after a reset`, config, steps: [...begin, reset, synBack, next("out")] },
    {
      name: `${f.name}: a reset with another number was forged, and the connection stands`,
      config,
      steps: [...begin, inward(fromRemote(f, said(40000, 80, ["rst"], 1000, 0)), passed("web-in")), synBack, next("web-in")],
    },
    {
      name: `${f.name}: a reset that the other end did not take leaves the connection as it is`,
      config,
      steps: [...begin, reset, outward(fromLocal(f, said(80, 40000, ["ack"], 5001, 1001)), passed("web-in")), synBack, next("web-in")],
    },
    {
      name: `${f.name}: a reset stands when only its sender goes on`,
      config,
      steps: [...begin, reset, inward(fromRemote(f, said(40000, 80, ["ack"], 1001, 5001)), passed("web-in")), synBack, next("out")],
    },
    {
      name: `${f.name}: a connection that only one end has finished stands`,
      config,
      steps: [...begin, ...finish.slice(0, 1), synBack, next("web-in")],
    },
  ];
};

const reloadCases = (f: Family): Case[] => [
  {
    name: `${f.name}: a change of rules reaches connections that stand, whichever end sends next`,
    config: { mode: "prevent", rules: [] },
    steps: [
      inward(fromRemote(f, opener("syn")), passed()),
      outward(fromLocal(f, answer("syn", "ack")), passed()),
      { reload: { mode: "prevent", rules: [NO_WEB_IN] } },
      outward(fromLocal(f, answer("ack"), payload("OK")), dropped("no-web-in")),
      inward(fromRemote(f, opener("ack")), dropped("no-web-in")),
      inward(fromRemote(f, TCP({ dport: 81 })), passed()),
    ],
  },
  {
    name: `${f.name}: a connection that new rules block stays known, and goes on when they are taken back`,
    config: { mode: "prevent", defaults: { on_error: { ingress: "allow", egress: "allow" } } },
    steps: [
      inward(fromRemote(f, opener("syn")), passed()),
      { reload: { mode: "prevent", rules: [NO_WEB_IN] } },
      inward(fromRemote(f, opener("ack")), dropped("no-web-in")),
      inward(fromRemote(f, opener("ack")), dropped("no-web-in")),
      outward(fromLocal(f, answer("ack")), dropped("no-web-in")),
      { reload: { ...CLOSED, rules: [WEB_IN] } },
      outward(fromLocal(f, answer("ack")), passed("web-in")),
      inward(fromRemote(f, opener("ack")), passed("web-in")),
    ],
  },
  {
    name: `${f.name}: in detect the same connection would be dropped, in both directions`,
    config: {},
    steps: [
      outward(fromLocal(f, UDP({ sport: 40000, dport: 53 })), passed()),
      { reload: { rules: [NO_OUT] } },
      inward(fromRemote(f, UDP({ sport: 53, dport: 40000 })), wouldDrop("no-out")),
      outward(fromLocal(f, UDP({ sport: 40000, dport: 53 })), wouldDrop("no-out")),
      { mode: "prevent" },
      inward(fromRemote(f, UDP({ sport: 53, dport: 40000 })), dropped("no-out")),
      inward(fromRemote(f, UDP({ sport: 53, dport: 40001 })), passed()),
    ],
  },
  {
    name: `${f.name}: a rule that names the opener's direction still knows it after a change`,
    config: {},
    steps: [
      outward(fromLocal(f, UDP({ sport: 40000, dport: 53 })), passed()),
      { reload: { mode: "prevent", rules: [NO_IN] } },
      inward(fromRemote(f, UDP({ sport: 53, dport: 40000 })), passed()),
      inward(fromRemote(f, UDP({ sport: 53, dport: 40001 })), dropped("no-in")),
    ],
  },
  {
    name: `${f.name}: a change tells the staged rule of a connection that stands`,
    config: {},
    steps: [
      inward(fromRemote(f, opener("syn")), passed()),
      { reload: { rules: [{ name: "staged", action: "block" }] } },
      outward(fromLocal(f, answer("syn", "ack")), passed("default", "staged")),
    ],
  },
];

export const FLOW_CASES: Case[] = [followCases, openerCases, againCases, reloadCases].flatMap(forBoth);
