/** Rules on TCP flags: judged for each packet that the opener sends, and not once for the connection. */

import { payload, TCP } from "../../harness/packet.ts";
import { carried, dropped, inward, outward, passed, wouldDrop, type Case } from "../case.ts";
import { forBoth, fromLocal, fromRemote, type Family } from "../family.ts";
import type { RuleText } from "../policy.ts";

type Flags = NonNullable<NonNullable<Parameters<typeof TCP>[0]>["flags"]>;

const sent = (f: Family, ...flags: Flags): Uint8Array => fromRemote(f, TCP({ sport: 40000, dport: 80, flags }), payload("x"));
const replied = (f: Family, ...flags: Flags): Uint8Array => fromLocal(f, TCP({ sport: 80, dport: 40000, flags }));

const URGENT: RuleText = { name: "no-urgent", action: "block", enforce: true, layer4: { protocol: "tcp", flags: { set: ["urg"] } } };
const STAGED_PUSH: RuleText = { name: "staged-push", action: "block", layer4: { protocol: "tcp", flags: { set: ["psh"] } } };
const STAGED_WEB: RuleText = { name: "staged-web", action: "block", layer4: { protocol: "tcp", destination_ports: [80] } };
const NO_SYN: RuleText = {
  name: "no-syn",
  action: "block",
  enforce: true,
  direction: "ingress",
  layer4: { protocol: "tcp", flags: { set: ["syn"], unset: ["ack"] } },
};
const WEB: RuleText = { name: "web", action: "allow", layer4: { protocol: "tcp", destination_ports: [80] } };

const cases = (f: Family): Case[] => [
  {
    name: `${f.name}: a condition drops the packets it holds for, and the connection goes on`,
    config: { mode: "prevent", rules: [URGENT, WEB] },
    steps: [
      inward(sent(f, "syn"), passed("web")),
      inward(sent(f, "ack", "urg"), dropped("no-urgent")),
      inward(sent(f, "ack"), passed("web")),
      { mode: "detect" },
      inward(sent(f, "ack", "urg"), wouldDrop("no-urgent")),
      inward(sent(f, "ack", "psh"), passed("web")),
    ],
  },
  {
    name: `${f.name}: a condition does not judge what the other end replies`,
    config: { mode: "prevent", rules: [URGENT, WEB] },
    steps: [
      inward(sent(f, "syn"), passed("web")),
      outward(replied(f, "syn", "ack", "urg"), passed("web")),
      inward(sent(f, "urg"), dropped("no-urgent")),
    ],
  },
  {
    name: `${f.name}: a SYN that a condition drops opens nothing`,
    config: { mode: "prevent", defaults: { on_error: { ingress: "block", egress: "block" } }, rules: [NO_SYN] },
    host: { listening: [80] },
    steps: [inward(sent(f, "syn"), dropped("no-syn")), outward(replied(f, "syn"), passed()), inward(sent(f, "syn"), dropped("no-syn"))],
  },
  {
    name: `${f.name}: what answers a SYN that a condition would drop would be dropped too`,
    config: { rules: [NO_SYN] },
    host: { listening: [80] },
    steps: [
      inward(sent(f, "syn"), wouldDrop("no-syn")),
      outward(replied(f, "syn", "ack"), carried("no-syn")),
      outward(fromLocal(f, TCP({ dport: 81 })), passed()),
    ],
  },
  {
    name: `${f.name}: an allow on flags passes only those packets`,
    config: {
      mode: "prevent",
      defaults: { action: "block" },
      rules: [{ name: "plain-syn", action: "allow", layer4: { protocol: "tcp", flags: { set: ["syn"], unset: ["urg", "fin"] } } }],
    },
    steps: [
      inward(sent(f, "syn", "fin"), dropped("default")),
      inward(sent(f, "syn"), passed("plain-syn")),
      inward(sent(f, "ack"), dropped("default")),
    ],
  },
  {
    name: `${f.name}: a staged condition is told of the packets it holds for`,
    config: { mode: "prevent", rules: [STAGED_PUSH, WEB] },
    steps: [
      inward(sent(f, "syn"), passed("web")),
      inward(sent(f, "ack", "psh"), passed("web", "staged-push")),
      inward(sent(f, "ack"), passed("web")),
      outward(replied(f, "ack", "psh"), passed("web")),
    ],
  },
  {
    name: `${f.name}: of staged rules with and without conditions the first in the file is told`,
    config: { mode: "prevent", rules: [STAGED_PUSH, STAGED_WEB, { ...STAGED_PUSH, name: "later-push" }, WEB] },
    steps: [
      inward(sent(f, "syn"), passed("web", "staged-web")),
      inward(sent(f, "ack", "psh"), passed("web", "staged-push")),
      outward(replied(f, "ack", "psh"), passed("web", "staged-web")),
    ],
  },
  {
    name: `${f.name}: a staged rule in front of a condition that drops is told`,
    config: { mode: "prevent", rules: [STAGED_WEB, URGENT] },
    steps: [inward(sent(f, "syn", "urg"), dropped("no-urgent", "staged-web")), inward(sent(f, "syn"), passed("default", "staged-web"))],
  },
  {
    name: `${f.name}: a staged rule behind a condition that drops is not told`,
    config: { mode: "prevent", rules: [URGENT, STAGED_WEB] },
    steps: [inward(sent(f, "syn", "urg"), dropped("no-urgent")), inward(sent(f, "syn"), passed("default", "staged-web"))],
  },
  {
    name: `${f.name}: a condition behind the rule that decides is not asked`,
    config: { mode: "prevent", rules: [WEB, URGENT] },
    steps: [
      inward(sent(f, "syn", "urg"), passed("web")),
      inward(fromRemote(f, TCP({ dport: 81, flags: ["syn", "urg"] })), dropped("no-urgent")),
    ],
  },
  {
    name: `${f.name}: eight conditions are asked in their order`,
    config: {
      mode: "prevent",
      rules: (["fin", "rst", "psh", "urg", "ece", "cwr", "ack", "syn"] as const).map((flag, index) => ({
        name: `on-${flag}`,
        action: index === 7 ? "allow" : "block",
        enforce: true,
        layer4: { protocol: "tcp", flags: { set: [flag] } },
      })),
    },
    steps: [
      inward(sent(f, "syn"), passed("on-syn")),
      inward(sent(f, "syn", "cwr"), dropped("on-cwr")),
      inward(sent(f, "syn", "cwr", "fin"), dropped("on-fin")),
      inward(sent(f, "syn", "ece", "psh"), dropped("on-psh")),
      inward(sent(f, "ack"), dropped("on-ack")),
    ],
  },
  {
    name: `${f.name}: conditions of other ports are not asked`,
    config: { mode: "prevent", rules: [{ ...URGENT, layer4: { protocol: "tcp", destination_ports: [81], flags: { set: ["urg"] } } }] },
    steps: [
      inward(sent(f, "syn", "urg"), passed()),
      inward(fromRemote(f, TCP({ dport: 81, flags: ["syn", "urg"] })), dropped("no-urgent")),
    ],
  },
];

export const CONDITION_CASES: Case[] = forBoth(cases);
