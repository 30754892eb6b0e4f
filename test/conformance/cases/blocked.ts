/**
 * Connections that would be dropped and go on in detect: which of their packets prevent would have met, and which are only
 * carried. Beside each stands what prevent makes of the same, or what passes.
 */

import { Ethernet, frame, inside, payload, TCP, UDP } from "../../harness/packet.ts";
import { carried, type Case, dropped, inward, outward, passed, type PacketStep, undecided, wouldDrop } from "../case.ts";
import { type Family, forBoth, fromLocal, fromRemote } from "../family.ts";
import type { PolicyText, RuleText } from "../policy.ts";

type Flags = NonNullable<NonNullable<Parameters<typeof TCP>[0]>["flags"]>;

const NO_IN: RuleText = { name: "no-in", action: "block", enforce: true, direction: "ingress" };
const NO_OUT: RuleText = { ...NO_IN, name: "no-out", direction: "egress" };
const OUT: RuleText = { name: "out", action: "allow", direction: "egress" };
const DETECT: PolicyText = { rules: [NO_IN] };
const PREVENT: PolicyText = { ...DETECT, mode: "prevent" };
const CLOSED: PolicyText = { defaults: { action: "block" }, rules: [OUT] };
const UNKNOWN_BLOCKED: PolicyText = { defaults: { on_error: { ingress: "block" } } };

/** Of one TCP connection from 40000 to 80. */
const opener = (...flags: Flags) => TCP({ sport: 40000, dport: 80, flags });
const answer = (...flags: Flags) => TCP({ sport: 80, dport: 40000, flags });
const question = UDP({ sport: 40000, dport: 53 });

const tcpCases = (f: Family): Case[] => [
  {
    name: `${f.name}: detect says of a whole TCP connection that it would be dropped, and prevent would have met its SYNs`,
    config: DETECT,
    steps: [
      inward(fromRemote(f, opener("syn")), wouldDrop("no-in")),
      inward(fromRemote(f, opener("syn")), wouldDrop("no-in")),
      outward(fromLocal(f, answer("syn", "ack")), carried("no-in")),
      inward(fromRemote(f, opener("ack")), carried("no-in")),
      outward(fromLocal(f, answer("ack"), payload("OK")), carried("no-in")),
      inward(fromRemote(f, opener("syn")), wouldDrop("no-in")),
      inward(fromRemote(f, opener("fin", "ack")), carried("no-in")),
      outward(fromLocal(f, answer("fin", "ack")), carried("no-in")),
      inward(fromRemote(f, opener("ack")), carried("no-in")),
      inward(fromRemote(f, opener("syn")), wouldDrop("no-in")),
      outward(fromLocal(f, TCP({ sport: 80, dport: 40001, flags: ["ack"] })), undecided("opener_unknown")),
    ],
  },
  {
    name: `${f.name}: a SYN from the other end of a connection that would be dropped opens one of its own`,
    config: DETECT,
    steps: [
      inward(fromRemote(f, opener("syn")), wouldDrop("no-in")),
      outward(fromLocal(f, answer("syn")), passed()),
      inward(fromRemote(f, opener("ack")), passed()),
    ],
  },
  {
    name: `${f.name}: a connection that was met in the middle is older than the rule, which would meet each of its packets`,
    config: DETECT,
    host: { listening: [80] },
    steps: [
      inward(fromRemote(f, opener("ack")), wouldDrop("no-in")),
      outward(fromLocal(f, answer("ack")), wouldDrop("no-in")),
      inward(fromRemote(f, opener("ack")), wouldDrop("no-in")),
      inward(fromRemote(f, opener("syn")), wouldDrop("no-in")),
      outward(fromLocal(f, answer("syn", "ack")), carried("no-in")),
    ],
  },
  {
    name: `${f.name}: prevent meets each packet of a connection that was met in the middle`,
    config: PREVENT,
    host: { listening: [80] },
    steps: [
      inward(fromRemote(f, opener("ack")), dropped("no-in")),
      outward(fromLocal(f, answer("ack")), dropped("no-in")),
      inward(fromRemote(f, opener("ack")), dropped("no-in")),
    ],
  },
  {
    name: `${f.name}: whose opener is unknown fares by the direction of each packet, and nothing is carried`,
    config: UNKNOWN_BLOCKED,
    steps: [
      inward(fromRemote(f, opener("ack")), undecided("opener_unknown", "would_drop")),
      outward(fromLocal(f, answer("ack")), undecided("opener_unknown")),
      inward(fromRemote(f, opener("ack")), undecided("opener_unknown", "would_drop")),
      { mode: "prevent" },
      inward(fromRemote(f, opener("ack")), undecided("opener_unknown", "dropped")),
      outward(fromLocal(f, answer("ack")), undecided("opener_unknown")),
    ],
  },
];

const otherCases = (f: Family): Case[] => {
  const ask = (expect = wouldDrop("no-in")): PacketStep => inward(fromRemote(f, question), expect);
  const reply = (expect = carried("no-in")): PacketStep => outward(fromLocal(f, UDP({ sport: 53, dport: 40000 })), expect);
  const quoted = inside(undefined, f.ip({ src: f.local, dst: f.remote }), UDP({ sport: 40000, dport: 54 }), payload(4));
  const unreachable = [f.icmp({ type: f.types.unreachable, code: f.types.port }), payload(quoted)];
  return [
    {
      name: `${f.name}: prevent would have met each packet of a UDP opener, and none of its answers`,
      config: DETECT,
      steps: [
        ask(),
        reply(),
        ask(),
        reply(),
        outward(fromLocal(f, UDP({ sport: 53, dport: 40001 })), passed()),
        inward(fromRemote(f, UDP({ sport: 40001, dport: 53 })), passed()),
      ],
    },
    {
      name: `${f.name}: the default would drop a connection whole`,
      config: CLOSED,
      steps: [ask(wouldDrop("default")), reply(carried("default")), outward(fromLocal(f, UDP({ sport: 53, dport: 40001 })), passed("out"))],
    },
    {
      name: `${f.name}: prevent remembers nothing of what it dropped`,
      config: PREVENT,
      steps: [ask(dropped("no-in")), reply(passed())],
    },
    {
      name: `${f.name}: an ICMP error about a connection that would be dropped would not be there`,
      config: { rules: [NO_OUT] },
      steps: [
        outward(fromLocal(f, UDP({ sport: 40000, dport: 54 })), wouldDrop("no-out")),
        inward(fromRemote(f, ...unreachable), carried("no-out")),
        { mode: "prevent" },
        inward(fromRemote(f, ...unreachable), passed()),
      ],
    },
  ];
};

const changeCases = (f: Family): Case[] => {
  const ask = (expect = wouldDrop("no-in")): PacketStep => inward(fromRemote(f, question), expect);
  const reply = (expect = carried("no-in")): PacketStep => outward(fromLocal(f, UDP({ sport: 53, dport: 40000 })), expect);
  return [
    {
      name: `${f.name}: under rules that let it pass nothing is left of a connection that the old ones would have dropped`,
      config: DETECT,
      steps: [ask(), reply(), { reload: {} }, reply(passed()), { reload: DETECT }, ask(passed())],
    },
    {
      name: `${f.name}: under other rules that would drop it, too, a connection stays one that prevent would not have met`,
      config: DETECT,
      steps: [
        inward(fromRemote(f, opener("syn")), wouldDrop("no-in")),
        outward(fromLocal(f, answer("syn", "ack")), carried("no-in")),
        { reload: { rules: [{ ...NO_IN, name: "no-web-in", layer4: { protocol: "tcp", destination_ports: [80] } }] } },
        outward(fromLocal(f, answer("ack")), carried("no-web-in")),
        inward(fromRemote(f, opener("ack")), carried("no-web-in")),
      ],
    },
    {
      name: `${f.name}: a connection that is older than its rule would be dropped with each of its packets, and stands when the rule goes`,
      config: {},
      steps: [
        inward(fromRemote(f, opener("syn")), passed()),
        outward(fromLocal(f, answer("syn", "ack")), passed()),
        inward(fromRemote(f, opener("ack")), passed()),
        { reload: DETECT },
        outward(fromLocal(f, answer("ack"), payload("OK")), wouldDrop("no-in")),
        inward(fromRemote(f, opener("fin", "ack")), wouldDrop("no-in")),
        outward(fromLocal(f, answer("fin", "ack")), wouldDrop("no-in")),
        { reload: {} },
        outward(fromLocal(f, answer("ack")), passed()),
      ],
    },
    {
      name: `${f.name}: a connection that opened in prevent is not taken for the blocked one that detect knew before`,
      config: DETECT,
      steps: [ask(), reply(), { reload: { mode: "prevent" } }, ask(passed()), { reload: DETECT }, reply(wouldDrop("no-in"))],
    },
    {
      name: `${f.name}: a SYN towards the opener that would be dropped leaves the connection alone`,
      config: { rules: [NO_OUT] },
      steps: [
        inward(fromRemote(f, opener("syn")), passed()),
        outward(fromLocal(f, answer("syn")), wouldDrop("no-out")),
        outward(fromLocal(f, answer("syn", "ack")), passed()),
        inward(fromRemote(f, opener("ack")), passed()),
      ],
    },
    {
      name: `${f.name}: while prevent holds nothing is carried`,
      config: DETECT,
      steps: [ask(), reply(), { mode: "prevent" }, reply(passed()), ask(passed())],
    },
  ];
};

/** The rules change while a connection lives that the ones before would have dropped, and the new ones ask something of each packet. */
const askedCases = (f: Family): Case[] => {
  const OTHER: RuleText = { ...NO_IN, name: "other", layer4: { protocol: "tcp", destination_ports: [9] } };
  const asking = (name: string, action: "allow" | "block", layer4: RuleText["layer4"]): RuleText => ({
    name,
    action,
    ...(action === "block" && { enforce: true }),
    layer4: { protocol: "tcp", ...layer4 },
  });
  const syn = (port: number, expect = passed()): PacketStep =>
    inward(fromRemote(f, TCP({ sport: port, dport: 80, flags: ["syn"] })), expect);
  const ack = (port: number, expect = passed()): PacketStep =>
    inward(fromRemote(f, TCP({ sport: port, dport: 80, flags: ["ack"] })), expect);
  const answers = (port: number, expect = passed()): PacketStep =>
    outward(fromLocal(f, TCP({ sport: 80, dport: port, flags: ["syn", "ack"] })), expect);
  const refuses = (port: number): PacketStep =>
    outward(fromLocal(f, TCP({ sport: 80, dport: port, flags: ["rst", "ack"], seq: 0, ack: 1001 })), passed());
  const about = (what: string, config: PolicyText, ...steps: Case["steps"]): Case => ({
    name: `${f.name}: other rules for a blocked connection: ${what}`,
    config,
    host: { listening: [80] },
    steps,
  });
  /** Under `no-in` a connection begins; then these are the rules, of which one would drop its SYN. */
  const stays = (what: string, rule: string, ...rules: RuleText[]): Case =>
    about(
      what,
      DETECT,
      syn(1, wouldDrop("no-in")),
      { reload: { rules } },
      answers(1, carried(rule)),
      ack(1, carried(rule)),
      syn(1, wouldDrop(rule)),
    );
  /** The same with rules that let its SYN pass. */
  const passes = (what: string, rule: string, ...rules: RuleText[]): Case =>
    about(what, DETECT, syn(1, wouldDrop("no-in")), { reload: { rules } }, answers(1, passed(rule)), ack(1, passed(rule)));
  const fast = asking("fast", "block", { over_rate: { rate: "1/1h", per: "connection", by: "rule" } });
  const over = asking("over", "block", { connections_over: { count: 1, by: "rule" } });
  return [
    stays("a rate before the rule that would drop it, too", "no-in", asking("fast", "block", { over_rate: "100/1h" }), NO_IN),
    stays("a number of connections before that rule", "no-in", over, NO_IN),
    stays(
      "what lets established connections go on says nothing about a SYN",
      "no-in",
      asking("going", "allow", { state: ["established"] }),
      NO_IN,
    ),
    passes(
      "what lets new ones begin, too, does",
      "going",
      asking("begin", "allow", { state: ["new"] }),
      asking("going", "allow", { state: ["established"] }),
      NO_IN,
    ),
    stays("a rule that drops new ones", "new", asking("new", "block", { state: ["new"] })),
    passes("a rule that drops only what is related", "default", asking("related", "block", { state: ["related"] })),
    stays("a rule that drops SYNs", "syns", asking("syns", "block", { flags: { set: ["syn"], unset: ["ack"] } })),
    passes("a rule that drops other flags", "default", asking("urgent", "block", { flags: { set: ["syn", "urg"] } })),
    stays("a rule that drops the young", "young", asking("young", "block", { connection_duration: { shorter_than: "1h" } })),
    passes("a rule that drops the old", "default", asking("old", "block", { connection_duration: { longer_than: "1h" } })),
    about(
      "a rate that others have used up would drop its SYN",
      DETECT,
      syn(1, wouldDrop("no-in")),
      { reload: { rules: [fast] } },
      syn(2),
      answers(1, carried("fast")),
      syn(3, wouldDrop("fast")),
    ),
    about(
      "a rate with room would let it pass",
      DETECT,
      syn(1, wouldDrop("no-in")),
      { reload: { rules: [fast] } },
      answers(1),
      syn(3, wouldDrop("fast")),
    ),
    about(
      "as many connections as may be would drop its SYN",
      DETECT,
      syn(1, wouldDrop("no-in")),
      { reload: { rules: [over] } },
      syn(2),
      answers(1, carried("over")),
      syn(3, wouldDrop("over")),
    ),
    about(
      "a rate that dropped it stands, although it has room by then",
      { rules: [fast] },
      syn(1),
      syn(2, wouldDrop("fast")),
      { wait: 3700 },
      { reload: { rules: [OTHER, fast] } },
      answers(2, carried("fast")),
      ack(2, carried("fast")),
      syn(3),
      syn(4, wouldDrop("fast")),
    ),
    about(
      "a number of connections that dropped it stands, although there are fewer by then",
      { rules: [over] },
      syn(1),
      syn(2, wouldDrop("over")),
      refuses(1),
      { reload: { rules: [OTHER, over] } },
      answers(2, carried("over")),
      ack(2, carried("over")),
      syn(2),
    ),
    about(
      "a rule that changed has not dropped it",
      { rules: [over] },
      syn(1),
      syn(2, wouldDrop("over")),
      { reload: { rules: [asking("over", "block", { connections_over: { count: 2, by: "rule" } })] } },
      answers(2),
      ack(2),
    ),
    about(
      "nor has one that was away for a while",
      { rules: [over] },
      syn(1),
      syn(2, wouldDrop("over")),
      refuses(1),
      { reload: DETECT },
      { reload: { rules: [over] } },
      answers(2),
    ),
    about(
      "asking about it does not count for a rate",
      DETECT,
      syn(1, wouldDrop("no-in")),
      ...[OTHER, fast, OTHER, fast].flatMap((front) => [
        { reload: { rules: [front, { ...fast, name: "slow" }, NO_IN] } },
        ack(1, carried("no-in")),
      ]),
      syn(2, wouldDrop("no-in")),
      syn(3, wouldDrop("fast")),
    ),
    {
      name: `${f.name}: other rules for a blocked connection: UDP that they ask about is asked for each packet`,
      config: DETECT,
      steps: [
        inward(fromRemote(f, question), wouldDrop("no-in")),
        { reload: { rules: [{ name: "fast", action: "block", enforce: true, layer4: { protocol: "udp", over_rate: "2/1h" } }, NO_IN] } },
        outward(fromLocal(f, UDP({ sport: 53, dport: 40000 })), carried("no-in")),
        inward(fromRemote(f, question), wouldDrop("no-in")),
        inward(fromRemote(f, question), wouldDrop("no-in")),
        inward(fromRemote(f, question), wouldDrop("fast")),
        outward(fromLocal(f, UDP({ sport: 53, dport: 40000 })), carried("fast")),
      ],
    },
  ];
};

const countCases = (f: Family): Case[] => {
  const over: RuleText = { name: "over", action: "block", enforce: true, layer4: { protocol: "tcp", connections_over: 1 } };
  const opens = (port: number, expect = passed()): PacketStep =>
    inward(fromRemote(f, TCP({ sport: port, dport: 80, flags: ["syn"] })), expect);
  const goesOn = (port: number, expect = passed()): PacketStep =>
    inward(fromRemote(f, TCP({ sport: port, dport: 80, flags: ["ack"] })), expect);
  const refuses = (port: number): PacketStep =>
    outward(fromLocal(f, TCP({ sport: 80, dport: port, flags: ["rst", "ack"], seq: 0, ack: 1001 })), passed());
  const resets = (port: number, expect = passed()): PacketStep =>
    inward(fromRemote(f, TCP({ sport: port, dport: 80, flags: ["rst"] })), expect);
  return [
    {
      name: `${f.name}: a connection that would be dropped is none of those that are counted, and a SYN that is sent again may pass`,
      config: { rules: [over] },
      steps: [
        opens(1),
        opens(2, wouldDrop("over")),
        goesOn(2, carried("over")),
        resets(2, carried("over")),
        opens(3, wouldDrop("over")),
        refuses(1),
        opens(2),
        goesOn(2),
        opens(3, wouldDrop("over")),
      ],
    },
    {
      name: `${f.name}: what such a connection carries does not count for a rate`,
      config: {
        rules: [
          { name: "fast", action: "block", enforce: true, layer4: { protocol: "tcp", over_rate: "2/1h" } },
          { ...NO_IN, layer4: { protocol: "tcp", destination_ports: [80] } },
        ],
      },
      steps: [
        opens(1, wouldDrop("no-in")),
        ...Array.from({ length: 5 }, () => goesOn(1, carried("no-in"))),
        opens(1, wouldDrop("no-in")),
        opens(1, wouldDrop("fast")),
      ],
    },
    {
      name: `${f.name}: a rate drops packets of a connection that stands, and not the connection`,
      config: { rules: [{ name: "fast", action: "block", enforce: true, layer4: { protocol: "udp", over_rate: "2/1h" } }] },
      steps: [
        inward(fromRemote(f, question), passed()),
        inward(fromRemote(f, question), passed()),
        inward(fromRemote(f, question), wouldDrop("fast")),
        outward(fromLocal(f, UDP({ sport: 53, dport: 40000 })), passed()),
        inward(fromRemote(f, question), wouldDrop("fast")),
      ],
    },
  ];
};

const banCases = (f: Family): Case[] => {
  const between = (src: string, dst: string, transport: ReturnType<typeof TCP>): Uint8Array =>
    frame(Ethernet(), f.ip({ src, dst }), transport);
  return [
    {
      name: `${f.name}: of a connection of the banned prevent would have met what opens it`,
      config: {},
      host: { bans: [f.remote] },
      steps: [
        inward(fromRemote(f, opener("syn")), wouldDrop("ban")),
        outward(fromLocal(f, answer("syn", "ack")), carried("ban")),
        inward(fromRemote(f, opener("ack")), carried("ban")),
        inward(fromRemote(f, question), wouldDrop("ban")),
        inward(fromRemote(f, question), wouldDrop("ban")),
        outward(fromLocal(f, UDP({ sport: 53, dport: 40000 })), carried("ban")),
        inward(between(f.stranger, f.local, opener("syn")), passed()),
        outward(between(f.local, f.stranger, answer("syn", "ack")), passed()),
      ],
    },
    {
      name: `${f.name}: of a connection to the banned prevent would have met what opens it`,
      config: {},
      host: { bans: [f.remote] },
      steps: [
        outward(fromLocal(f, TCP({ sport: 50000, dport: 443, flags: ["syn"] })), wouldDrop("ban")),
        inward(fromRemote(f, TCP({ sport: 443, dport: 50000, flags: ["syn", "ack"] })), carried("ban")),
        outward(fromLocal(f, TCP({ sport: 50000, dport: 443, flags: ["ack"] })), carried("ban")),
      ],
    },
    {
      name: `${f.name}: a ban meets each packet of what it finds in the middle`,
      config: {},
      host: { bans: [f.remote] },
      steps: [
        inward(fromRemote(f, opener("ack")), wouldDrop("ban")),
        outward(fromLocal(f, answer("ack")), wouldDrop("ban")),
        inward(fromRemote(f, opener("ack")), wouldDrop("ban")),
      ],
    },
  ];
};

export const BLOCKED_CASES: Case[] = [tcpCases, otherCases, changeCases, askedCases, countCases, banCases].flatMap(forBoth);
