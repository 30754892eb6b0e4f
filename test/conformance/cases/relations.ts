/** Rules on how a packet stands to its connection: its state, and how old it is. */

import { Ethernet, frame, inside, payload, TCP, UDP } from "../../harness/packet.ts";
import type { Layer } from "../../harness/packet/layer.ts";
import { at, dropped, passed, undecided, wouldDrop, type Case, type PacketStep } from "../case.ts";
import { forBoth, fromLocal, fromRemote, partFromRemote, type Family } from "../family.ts";
import type { PolicyText, RuleText } from "../policy.ts";

type Hook = PacketStep["packet"]["hook"];
type Expect = PacketStep["expect"];
type Flags = NonNullable<NonNullable<Parameters<typeof TCP>[0]>["flags"]>;

/** Not those of sockets that other cases open: what is left of them would tell who opened. */
const PORTS = { sport: 50000, dport: 8080 };
const REPLY_PORTS = { sport: 8080, dport: 50000 };

const staged = (layer4: RuleText["layer4"]): PolicyText => ({
  mode: "prevent",
  rules: [{ name: "rule", action: "block", layer4: layer4! }],
});
const enforced = (layer4: RuleText["layer4"]): PolicyText => ({
  mode: "prevent",
  rules: [{ name: "rule", action: "block", enforce: true, layer4: layer4! }],
});

/** Packets of a connection that is opened at this hook. */
function connection(f: Family, hook: Hook) {
  const [there, back] = hook === "ingress" ? [fromRemote, fromLocal] : [fromLocal, fromRemote];
  const otherHook = hook === "ingress" ? "egress" : "ingress";
  const [opener, other] = hook === "ingress" ? [f.remote, f.local] : [f.local, f.remote];
  return {
    sends: (layer: Layer, expect: Expect): PacketStep => at(hook, there(f, layer), expect),
    answers: (layer: Layer, expect: Expect): PacketStep => at(otherHook, back(f, layer), expect),
    /** An error that a router sends to the opener, about a datagram of its. */
    hears: (port: number, expect: Expect): PacketStep => {
      const quoted = inside(undefined, f.ip({ src: opener, dst: other }), UDP({ sport: PORTS.sport, dport: port }), payload(4));
      const error = f.icmp({ type: f.types.unreachable, code: f.types.port });
      return at(otherHook, frame(Ethernet(), f.ip({ src: f.stranger, dst: opener }), error, payload(quoted)), expect);
    },
  };
}

const asks = UDP(PORTS);
const replies = UDP(REPLY_PORTS);
const sent = (...flags: Flags): Layer => TCP({ ...PORTS, flags });
const replied = (...flags: Flags): Layer => TCP({ ...REPLY_PORTS, flags });

function stateCases(f: Family, hook: Hook): Case[] {
  const { sends, answers, hears } = connection(f, hook);
  const about = (what: string): string => `${hook} ${f.name}: layer4.state: ${what}`;
  return [
    {
      name: about("a connection is new until the other end answers"),
      config: staged({ protocol: "udp", state: ["new"] }),
      steps: [
        sends(asks, passed("default", "rule")),
        sends(asks, passed("default", "rule")),
        answers(replies, passed()),
        sends(asks, passed()),
      ],
    },
    {
      name: about("a connection is established from its first answer on, for both ends"),
      config: staged({ protocol: "udp", state: ["established"] }),
      steps: [
        sends(asks, passed()),
        sends(asks, passed()),
        answers(replies, passed("default", "rule")),
        sends(asks, passed("default", "rule")),
      ],
    },
    {
      name: about("an answer that is dropped establishes nothing"),
      config: enforced({ protocol: "udp", state: ["established"] }),
      steps: [
        sends(asks, passed()),
        answers(replies, dropped("rule")),
        sends(asks, passed()),
        { mode: "detect" },
        answers(replies, wouldDrop("rule")),
        sends(asks, passed()),
      ],
    },
    {
      name: about("an allow on established lets no connection begin"),
      config: { mode: "prevent", rules: [{ name: "any", action: "allow" }] },
      steps: [
        sends(asks, passed("any")),
        {
          reload: {
            mode: "prevent",
            defaults: { action: "block" },
            rules: [{ name: "rule", action: "allow", layer4: { state: ["established"] } }],
          },
        },
        sends(asks, dropped("default")),
        answers(replies, passed("rule")),
        sends(asks, passed("rule")),
        sends(UDP({ ...PORTS, dport: 8081 }), dropped("default")),
      ],
    },
    {
      name: about("TCP is established by the answer to its SYN"),
      config: staged({ protocol: "tcp", state: ["new"] }),
      steps: [
        sends(sent("syn"), passed("default", "rule")),
        sends(sent("ack"), passed("default", "rule")),
        answers(replied("syn", "ack"), passed()),
        sends(sent("ack"), passed()),
      ],
    },
    {
      name: about("an error is related to the connection it is about, and to no other"),
      config: enforced({ state: ["related"] }),
      steps: [
        hears(PORTS.dport, passed()),
        sends(asks, passed()),
        hears(PORTS.dport, dropped("rule")),
        hears(8081, passed()),
        answers(replies, passed()),
        { mode: "detect" },
        hears(PORTS.dport, wouldDrop("rule")),
      ],
    },
    {
      name: about("TCP that belongs to nothing is invalid"),
      config: enforced({ state: ["invalid"] }),
      steps: [
        sends(sent("ack"), dropped("rule")),
        sends(sent("rst"), dropped("rule")),
        sends(asks, passed()),
        sends(sent("syn"), passed()),
        sends(sent("ack"), passed()),
        answers(replied("ack"), passed()),
        { mode: "detect" },
        sends(TCP({ ...PORTS, sport: 50001, flags: ["fin", "ack"] }), wouldDrop("rule")),
      ],
    },
    {
      name: about("a staged rule on invalid is told of what stays undecided"),
      config: staged({ protocol: "tcp", destination_ports: [8080], state: ["invalid"] }),
      steps: [
        sends(sent("ack"), { ...undecided("opener_unknown"), staged: "rule" }),
        sends(TCP({ sport: 50002, dport: 8081, flags: ["ack"] }), undecided("opener_unknown")),
      ],
    },
    {
      name: about("an allow on invalid passes each such packet, and opens nothing"),
      config: {
        mode: "prevent",
        defaults: { on_error: { ingress: "block", egress: "block" } },
        rules: [{ name: "rule", action: "allow", direction: hook, layer4: { state: ["invalid"] } }],
      },
      steps: [
        sends(sent("ack"), passed("rule")),
        answers(replied("ack"), undecided("opener_unknown", "dropped")),
        sends(sent("ack"), passed("rule")),
      ],
    },
    {
      name: about("a rule on invalid behind one that would end the search is not asked"),
      config: {
        mode: "prevent",
        rules: [
          { name: "web", action: "allow", layer4: { protocol: "tcp", destination_ports: [8080] } },
          { name: "urgent", action: "block", enforce: true, layer4: { protocol: "tcp", flags: { set: ["urg"] } } },
          { name: "rule", action: "block", enforce: true, layer4: { state: ["invalid", "established"] } },
        ],
      },
      steps: [
        sends(sent("ack"), undecided("opener_unknown")),
        sends(TCP({ sport: 50002, dport: 8081, flags: ["ack", "urg"] }), dropped("rule")),
      ],
    },
  ];
}

const metCases = (f: Family): Case[] => {
  const { sends, answers } = connection(f, "ingress");
  return [
    {
      name: `${f.name}: layer4.state: a connection met in the middle is established, not new`,
      config: enforced({ protocol: "tcp", state: ["new", "invalid"] }),
      host: { listening: [8080] },
      steps: [
        sends(sent("ack"), passed()),
        sends(sent("ack", "psh"), passed()),
        answers(replied("ack"), passed()),
        sends(sent("ack"), passed()),
      ],
    },
    {
      name: `${f.name}: layer4.state: of a later fragment without its first the state is not known`,
      config: {
        mode: "prevent",
        defaults: { on_error: { ingress: "block" } },
        rules: [{ name: "rule", action: "block", enforce: true, layer3: { source: [f.prefix.text] }, layer4: { state: ["established"] } }],
      },
      steps: [
        at(
          "ingress",
          partFromRemote(f, { offset: 64, more: false, protocol: 17 }, payload(8)),
          undecided("fragment_without_first", "dropped"),
        ),
      ],
    },
  ];
};

function durationCases(f: Family, hook: Hook): Case[] {
  const { sends, answers, hears } = connection(f, hook);
  const about = (what: string): string => `${hook} ${f.name}: layer4.connection_duration: ${what}`;
  return [
    {
      name: about("longer_than holds for both ends, and for errors, once the connection is older"),
      config: enforced({ connection_duration: { longer_than: "1h" } }),
      steps: [
        sends(asks, passed()),
        answers(replies, passed()),
        { wait: 3000 },
        sends(asks, passed()),
        hears(PORTS.dport, passed()),
        { wait: 700 },
        answers(replies, dropped("rule")),
        sends(asks, dropped("rule")),
        hears(PORTS.dport, dropped("rule")),
        sends(UDP({ ...PORTS, sport: 50001 }), passed()),
        { mode: "detect" },
        sends(asks, wouldDrop("rule")),
      ],
    },
    {
      name: about("shorter_than holds from the first packet on, until the connection is older"),
      config: staged({ protocol: "udp", connection_duration: { shorter_than: "10m" } }),
      steps: [
        sends(asks, passed("default", "rule")),
        { wait: 500 },
        answers(replies, passed("default", "rule")),
        { wait: 200 },
        answers(replies, passed()),
        sends(asks, passed()),
      ],
    },
    {
      name: about("both leave a span of time"),
      config: staged({ protocol: "udp", connection_duration: { longer_than: "10m", shorter_than: "1d" } }),
      steps: [
        sends(asks, passed()),
        { wait: 700 },
        sends(asks, passed("default", "rule")),
        answers(replies, passed("default", "rule")),
        { wait: 86_400 },
        sends(asks, passed()),
      ],
    },
    {
      name: about("a reload leaves a connection as old as it is"),
      config: { mode: "prevent" },
      steps: [
        sends(asks, passed()),
        { wait: 4000 },
        { reload: enforced({ connection_duration: { longer_than: "1h" } }) },
        sends(asks, dropped("rule")),
      ],
    },
  ];
}

export const RELATION_CASES: Case[] = [
  ...forBoth((f) => (["ingress", "egress"] as const).flatMap((hook) => [...stateCases(f, hook), ...durationCases(f, hook)])),
  ...forBoth(metCases),
];
