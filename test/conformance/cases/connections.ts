/** Rules on how many connections are open at once. */

import { Ethernet, frame, TCP, UDP } from "../../harness/packet.ts";
import type { Layer } from "../../harness/packet/layer.ts";
import { at, dropped, passed, wouldDrop, type Case, type PacketStep } from "../case.ts";
import { forBoth, type Family } from "../family.ts";
import type { PolicyText, RuleText } from "../policy.ts";

type Hook = PacketStep["packet"]["hook"];
type Expect = PacketStep["expect"];
type Layer4 = NonNullable<RuleText["layer4"]>;
type Flags = NonNullable<NonNullable<Parameters<typeof TCP>[0]>["flags"]>;

/** Not that of sockets that other cases open: what is left of them would tell who opened. */
const PORT = 8090;

const rule = (
  connections_over: NonNullable<Layer4["connections_over"]>,
  more: Partial<RuleText> = {},
  layer4: Partial<Layer4> = {},
): RuleText => ({ name: "rule", action: "block", enforce: true, ...more, layer4: { protocol: "udp", connections_over, ...layer4 } });
const prevent = (...rules: RuleText[]): PolicyText => ({ mode: "prevent", rules });

function wire(f: Family, hook: Hook) {
  const back = hook === "ingress" ? "egress" : "ingress";
  const [here, there] = hook === "ingress" ? [f.local, f.remote] : [f.remote, f.local];
  const packet = (layer: Layer, expect: Expect, src = there, dst = here): PacketStep =>
    at(hook, frame(Ethernet(), f.ip({ src, dst }), layer), expect);
  return {
    /** Each port of the opener's is a connection. */
    asks: (port: number, expect: Expect, { src = there, dst = here, to = PORT } = {}): PacketStep =>
      packet(UDP({ sport: port, dport: to }), expect, src, dst),
    answers: (port: number, expect: Expect): PacketStep =>
      at(back, frame(Ethernet(), f.ip({ src: here, dst: there }), UDP({ sport: PORT, dport: port })), expect),
    sends: (port: number, flags: Flags, expect: Expect, seq = 1000, ack = 5001): PacketStep =>
      packet(TCP({ sport: port, dport: PORT, flags, seq, ack }), expect),
    hears: (port: number, flags: Flags, expect: Expect, seq = 5000, ack = 1001): PacketStep =>
      at(back, frame(Ethernet(), f.ip({ src: here, dst: there }), TCP({ sport: PORT, dport: port, flags, seq, ack })), expect),
  };
}

function openCases(f: Family, hook: Hook): Case[] {
  const { asks, answers, sends, hears } = wire(f, hook);
  const about = (what: string): string => `${hook} ${f.name}: layer4.connections_over: ${what}`;
  const tcp = { protocol: "tcp" } as const;
  return [
    {
      name: about("so many may be open, and go on while no other can be opened"),
      config: prevent(rule(2)),
      steps: [
        asks(50001, passed()),
        asks(50002, passed()),
        asks(50003, dropped("rule")),
        asks(50001, passed()),
        answers(50002, passed()),
        asks(50003, dropped("rule")),
      ],
    },
    {
      name: about("detect counts as prevent does"),
      config: { rules: [rule(1)] },
      steps: [
        asks(50001, passed()),
        asks(50002, wouldDrop("rule")),
        asks(50002, wouldDrop("rule")),
        { mode: "prevent" },
        asks(50002, dropped("rule")),
        asks(50001, passed()),
      ],
    },
    {
      name: about("each source is counted apart, and by what the rule matches otherwise"),
      config: prevent(rule(1, {}, { destination_ports: [PORT] })),
      steps: [
        asks(50001, passed(), { to: PORT + 1 }),
        asks(50001, passed()),
        asks(50002, dropped("rule")),
        asks(50002, passed(), { src: f.stranger }),
        asks(50003, dropped("rule"), { src: f.stranger }),
        asks(50003, passed(), { to: PORT + 1 }),
      ],
    },
    {
      name: about("by destination each destination is counted apart"),
      config: prevent(rule({ count: 1, by: "destination" })),
      steps: [asks(50001, passed()), asks(50002, dropped("rule"), { src: f.stranger }), asks(50002, passed(), { dst: f.stranger })],
    },
    {
      name: about("by rule all that it matches is counted together"),
      config: prevent(rule({ count: 2, by: "rule" })),
      steps: [
        asks(50001, passed()),
        asks(50001, passed(), { src: f.stranger }),
        asks(50002, dropped("rule")),
        sends(50003, ["syn"], passed()),
      ],
    },
    {
      name: about("one that is closed makes room for another"),
      config: prevent(rule(1, {}, tcp)),
      steps: [
        sends(50001, ["syn"], passed()),
        hears(50001, ["syn", "ack"], passed()),
        sends(50001, ["ack"], passed(), 1001),
        sends(50002, ["syn"], dropped("rule")),
        sends(50001, ["fin", "ack"], passed(), 1001),
        hears(50001, ["fin", "ack"], passed(), 5001, 1002),
        sends(50002, ["syn"], dropped("rule")),
        sends(50001, ["ack"], passed(), 1002, 5002),
        sends(50002, ["syn"], passed()),
        sends(50003, ["syn"], dropped("rule")),
        hears(50002, ["rst", "ack"], passed()),
        sends(50003, ["syn"], passed()),
        sends(50004, ["syn"], dropped("rule")),
      ],
    },
    {
      name: about("one whose reset was forged stays open"),
      config: prevent(rule(1, {}, tcp)),
      steps: [
        sends(50001, ["syn"], passed()),
        hears(50001, ["syn", "ack"], passed()),
        sends(50001, ["ack"], passed(), 1001),
        sends(50001, ["rst"], passed(), 1000),
        sends(50002, ["syn"], dropped("rule")),
        sends(50001, ["rst"], passed(), 1001),
        sends(50002, ["syn"], passed()),
      ],
    },
    {
      name: about("between the same ports the next connection takes the place of the one before"),
      config: prevent(rule(1, {}, tcp)),
      steps: [
        sends(50001, ["syn"], passed()),
        hears(50001, ["syn", "ack"], passed()),
        sends(50001, ["fin", "ack"], passed(), 1001),
        hears(50001, ["fin", "ack"], passed(), 5001, 1002),
        sends(50001, ["ack"], passed(), 1002, 5002),
        sends(50001, ["syn"], passed()),
        sends(50002, ["syn"], dropped("rule")),
        hears(50001, ["rst", "ack"], passed()),
        sends(50001, ["syn"], passed()),
        sends(50002, ["syn"], dropped("rule")),
      ],
    },
    {
      name: about("a staged rule tells of each that is opened over it, and of all that belongs to it"),
      config: prevent(rule(1, { enforce: false })),
      steps: [
        asks(50001, passed()),
        asks(50002, passed("default", "rule")),
        asks(50001, passed()),
        answers(50002, passed("default", "rule")),
      ],
    },
    {
      name: about("rules that stay count on over a reload, and others begin with what packets show"),
      config: prevent(rule(1)),
      steps: [
        asks(50001, passed()),
        { reload: prevent(rule(1)) },
        asks(50002, dropped("rule")),
        { reload: prevent(rule(2)) },
        asks(50001, passed()),
        asks(50002, passed()),
        asks(50003, dropped("rule")),
        { reload: prevent() },
        asks(50003, passed()),
        { reload: prevent(rule(2)) },
        asks(50001, passed()),
        asks(50002, passed()),
        asks(50004, dropped("rule")),
      ],
    },
    {
      name: about("what an earlier rule decides is not counted"),
      config: prevent({ name: "first", action: "allow", layer4: { protocol: "udp", destination_ports: [PORT + 1] } }, rule(1)),
      steps: [
        asks(50001, passed("first"), { to: PORT + 1 }),
        asks(50002, passed("first"), { to: PORT + 1 }),
        asks(50003, passed()),
        asks(50004, dropped("rule")),
      ],
    },
    {
      name: about("goes with a rate, which counts only those that are opened over it"),
      config: prevent(rule(1, {}, { over_rate: { rate: "1/1h", by: "source", per: "connection" } })),
      steps: [
        asks(50001, passed()),
        asks(50002, passed()),
        asks(50003, dropped("rule")),
        { wait: 3700 },
        asks(50003, passed()),
        asks(50004, dropped("rule")),
      ],
    },
    {
      name: about("with other times the count is that of the connections that the rule met"),
      config: prevent(rule(1, { schedule: [{ days: ["wed"], from: "13:00", to: "14:00" }] })),
      steps: [
        asks(50001, passed()),
        asks(50002, passed()),
        { wait: 3600 },
        asks(50003, passed()),
        asks(50001, passed()),
        asks(50004, dropped("rule")),
        { wait: 3600 },
        asks(50004, passed()),
      ],
    },
  ];
}

export const CONNECTION_CASES: Case[] = forBoth((f) => [...openCases(f, "ingress"), ...openCases(f, "egress")]);
