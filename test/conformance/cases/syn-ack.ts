/** SYN+ACKs without a flow of their interface: they are believed only where a SYN or a socket shows that they were asked for. */

import { payload, TCP } from "../../harness/packet.ts";
import { dropped, inward, outward, passed, undecided, wouldDrop, type Case } from "../case.ts";
import { forBoth, fromLocal, fromRemote, type Family } from "../family.ts";
import type { PolicyText, RuleText } from "../policy.ts";

const WEB_IN: RuleText = { name: "web-in", action: "allow", direction: "ingress", layer4: { protocol: "tcp", destination_ports: [80] } };
const WEB_OUT: RuleText = { ...WEB_IN, name: "web-out", direction: "egress" };
const NO_OUT: RuleText = { name: "no-out", action: "block", enforce: true, direction: "egress" };
const NO_IN: RuleText = { ...NO_OUT, name: "no-in", direction: "ingress" };
const CLOSED: PolicyText = { mode: "prevent", defaults: { action: "block", on_error: { ingress: "block", egress: "block" } } };

/** Of one from 41000 to 80. Sockets of other cases may linger, but none has these ends. */
const asks = (...flags: NonNullable<Parameters<typeof TCP>[0]>["flags"] & {}) => TCP({ sport: 41000, dport: 80, flags });
const answers = (...flags: NonNullable<Parameters<typeof TCP>[0]>["flags"] & {}) => TCP({ sport: 80, dport: 41000, flags });

const numbered = (sport: number, dport: number, flags: NonNullable<Parameters<typeof TCP>[0]>["flags"] & {}, seq: number, ack: number) =>
  TCP({ sport, dport, flags, seq, ack });

const askedForCases = (f: Family): Case[] => [
  {
    name: `${f.name}: nobody knows who opened what a SYN with ACK answers that nothing asked for`,
    config: { mode: "prevent", rules: [NO_IN] },
    steps: [
      inward(fromRemote(f, answers("syn", "ack")), undecided("opener_unknown")),
      outward(fromLocal(f, asks("syn", "ack")), undecided("opener_unknown")),
      inward(fromRemote(f, answers("ack"), payload("data")), undecided("opener_unknown")),
      { reload: { mode: "prevent", defaults: { on_error: { ingress: "block" } } } },
      inward(fromRemote(f, answers("syn", "ack")), undecided("opener_unknown", "dropped")),
      inward(fromRemote(f, answers("ack"), payload("data")), undecided("opener_unknown", "dropped")),
      {
        reload: {
          mode: "prevent",
          rules: [{ name: "scans", action: "block", enforce: true, layer4: { protocol: "tcp", state: ["invalid"] } }],
        },
      },
      inward(fromRemote(f, answers("syn", "ack")), dropped("scans")),
      outward(fromLocal(f, asks("syn", "ack")), dropped("scans")),
      outward(fromLocal(f, asks("syn")), passed()),
      inward(fromRemote(f, answers("syn", "ack")), passed()),
    ],
  },
  {
    name: `${f.name}: a SYN with ACK is believed on another interface than its SYN left by`,
    config: { ...CLOSED, rules: [WEB_OUT] },
    steps: [
      outward(fromLocal(f, asks("syn")), passed("web-out")),
      inward(fromRemote(f, numbered(80, 41000, ["syn", "ack"], 5000, 1002)), undecided("opener_unknown", "dropped"), { interface: "eth1" }),
      inward(fromRemote(f, numbered(80, 41000, ["syn", "ack"], 5000, 1000)), undecided("opener_unknown", "dropped"), { interface: "eth1" }),
      inward(fromRemote(f, numbered(81, 41000, ["syn", "ack"], 5000, 1001)), undecided("opener_unknown", "dropped"), { interface: "eth1" }),
      inward(fromRemote(f, numbered(80, 41000, ["syn", "ack"], 5000, 1001)), passed("web-out"), { interface: "eth1" }),
      inward(fromRemote(f, numbered(80, 41000, ["ack"], 5001, 1001), payload("OK")), passed("web-out"), { interface: "eth1" }),
      outward(fromLocal(f, numbered(41000, 80, ["ack"], 1001, 5001)), passed("web-out")),
    ],
  },
  {
    name: `${f.name}: a SYN that would be dropped asks for nothing, however often it is sent`,
    config: { rules: [NO_OUT] },
    steps: [
      outward(fromLocal(f, asks("syn")), wouldDrop("no-out")),
      outward(fromLocal(f, asks("syn")), wouldDrop("no-out")),
      inward(fromRemote(f, numbered(80, 41000, ["syn", "ack"], 5000, 1001)), undecided("opener_unknown"), { interface: "eth1" }),
      { reload: {} },
      outward(fromLocal(f, asks("syn")), passed()),
      inward(fromRemote(f, numbered(80, 41000, ["syn", "ack"], 5000, 1001)), passed(), { interface: "eth1" }),
    ],
  },
  {
    name: `${f.name}: on the other interface the rules of that interface judge the connection`,
    config: { mode: "prevent", rules: [{ ...NO_OUT, interfaces: ["eth1"] }] },
    steps: [
      outward(fromLocal(f, asks("syn")), passed()),
      inward(fromRemote(f, numbered(80, 41000, ["syn", "ack"], 5000, 1001)), dropped("no-out"), { interface: "eth1" }),
    ],
  },
  {
    name: `${f.name}: one that acknowledges a SYN without its data is believed, too, and one that acknowledges more is not`,
    config: { ...CLOSED, rules: [WEB_OUT] },
    steps: [
      outward(fromLocal(f, asks("syn"), payload("GET")), passed("web-out")),
      inward(fromRemote(f, numbered(80, 41000, ["syn", "ack"], 5000, 1005)), undecided("opener_unknown", "dropped"), { interface: "eth1" }),
      inward(fromRemote(f, numbered(80, 41000, ["syn", "ack"], 5000, 1001)), passed("web-out"), { interface: "eth1" }),
      inward(fromRemote(f, numbered(80, 41000, ["syn", "ack"], 5000, 1004)), passed("web-out"), { interface: "eth2" }),
    ],
  },
  {
    name: `${f.name}: a SYN that is dropped, undecided or reset asks for nothing`,
    config: { ...CLOSED, rules: [WEB_OUT] },
    steps: [
      outward(fromLocal(f, TCP({ sport: 41000, dport: 81, flags: ["syn"] })), dropped("default")),
      inward(fromRemote(f, numbered(81, 41000, ["syn", "ack"], 5000, 1001)), undecided("opener_unknown", "dropped"), { interface: "eth1" }),
      outward(fromLocal(f, asks("syn", "rst")), passed("web-out")),
      inward(fromRemote(f, numbered(80, 41000, ["syn", "ack"], 5000, 1001)), undecided("opener_unknown", "dropped"), { interface: "eth1" }),
    ],
  },
  {
    name: `${f.name}: one answers the last SYN between its ends`,
    config: { ...CLOSED, rules: [WEB_OUT] },
    steps: [
      outward(fromLocal(f, asks("syn")), passed("web-out")),
      outward(fromLocal(f, numbered(41000, 80, ["syn"], 77_000, 0)), passed("web-out")),
      inward(fromRemote(f, numbered(80, 41000, ["syn", "ack"], 5000, 1001)), undecided("opener_unknown", "dropped"), { interface: "eth1" }),
      inward(fromRemote(f, numbered(80, 41000, ["syn", "ack"], 5000, 77_001)), passed("web-out"), { interface: "eth1" }),
    ],
  },
  ...[false, true].map(
    (leavesUnseen): Case => ({
      name: `${f.name}: a SYN that comes ${leavesUnseen ? "asks where it may leave unseen" : "does not ask where it is seen when it leaves"}`,
      config: {
        ...CLOSED,
        rules: [
          { ...WEB_IN, interfaces: ["eth0"] },
          { ...WEB_OUT, interfaces: ["eth1"] },
        ],
      },
      host: { leavesUnseen },
      steps: [
        inward(fromRemote(f, asks("syn")), passed("web-in")),
        inward(
          fromLocal(f, numbered(80, 41000, ["syn", "ack"], 5000, 1001)),
          leavesUnseen ? passed("web-out") : undecided("opener_unknown", "dropped"),
          { interface: "eth1" },
        ),
      ],
    }),
  ),
];

export const SYN_ACK_CASES: Case[] = forBoth(askedForCases);
