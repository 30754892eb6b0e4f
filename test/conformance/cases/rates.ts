/** Rules on rates. They are slow ones, so that no test run is long enough to matter, and time passes by command. */

import { Ethernet, frame, payload, TCP, UDP } from "../../harness/packet.ts";
import type { Layer } from "../../harness/packet/layer.ts";
import { at, carried, dropped, passed, undecided, wouldDrop, type Case, type PacketStep } from "../case.ts";
import { forBoth, partFromRemote, type Family } from "../family.ts";
import type { PolicyText, RuleText } from "../policy.ts";

type Hook = PacketStep["packet"]["hook"];
type Expect = PacketStep["expect"];
type OverRate = NonNullable<RuleText["layer4"]>["over_rate"];

const UDP_RATE = (over_rate: OverRate, more: Partial<RuleText> = {}): RuleText => ({
  name: "rule",
  action: "block",
  enforce: true,
  layer4: { protocol: "udp", over_rate: over_rate! },
  ...more,
});
const prevent = (...rules: RuleText[]): PolicyText => ({ mode: "prevent", rules });

interface Sent {
  port?: number;
  src?: string;
  dst?: string;
}

function wire(f: Family, hook: Hook) {
  const back = hook === "ingress" ? "egress" : "ingress";
  const [here, there] = hook === "ingress" ? [f.local, f.remote] : [f.remote, f.local];
  const sends = (expect: Expect, { port = 40000, src = there, dst = here }: Sent = {}): PacketStep =>
    at(hook, frame(Ethernet(), f.ip({ src, dst }), UDP({ sport: port, dport: 53 })), expect);
  return {
    sends,
    answers: (expect: Expect, { port = 40000 }: Sent = {}): PacketStep =>
      at(back, frame(Ethernet(), f.ip({ src: here, dst: there }), UDP({ sport: 53, dport: port })), expect),
    tcp: (layer: Layer, expect: Expect): PacketStep => at(hook, frame(Ethernet(), f.ip({ src: there, dst: here }), layer), expect),
    /** As many times. */
    times: (count: number, expect: Expect, sent: Sent = {}): PacketStep[] => Array.from({ length: count }, () => sends(expect, sent)),
  };
}

function packetCases(f: Family, hook: Hook): Case[] {
  const { sends, answers, tcp, times } = wire(f, hook);
  const about = (what: string): string => `${hook} ${f.name}: layer4.over_rate: ${what}`;
  return [
    {
      name: about("as many packets as the rate has pass at once, and then as many as its time lets"),
      config: prevent(UDP_RATE("3/1h")),
      steps: [
        ...times(3, passed()),
        ...times(5, dropped("rule")),
        { wait: 1300 },
        sends(passed()),
        ...times(2, dropped("rule")),
        { wait: 7000 },
        ...times(3, passed()),
        sends(dropped("rule")),
      ],
    },
    {
      name: about("detect and prevent move the same words"),
      config: { rules: [UDP_RATE("2/1h")] },
      steps: [
        ...times(2, passed()),
        ...times(3, wouldDrop("rule")),
        { mode: "prevent" },
        sends(dropped("rule")),
        { wait: 1900 },
        sends(passed()),
        { mode: "detect" },
        sends(wouldDrop("rule")),
      ],
    },
    {
      name: about("each source is counted apart, whatever its ports"),
      config: prevent(UDP_RATE("1/1h")),
      steps: [
        sends(passed()),
        sends(dropped("rule"), { port: 40001 }),
        sends(passed(), { src: f.stranger }),
        sends(dropped("rule"), { src: f.stranger }),
      ],
    },
    {
      name: about("by destination each destination is counted apart"),
      config: prevent(UDP_RATE({ rate: "1/1h", by: "destination", per: "packet" })),
      steps: [
        sends(passed()),
        sends(dropped("rule"), { src: f.stranger }),
        sends(passed(), { dst: f.stranger }),
        sends(dropped("rule"), { dst: f.stranger }),
      ],
    },
    {
      name: about("by rule all that it matches is counted together"),
      config: prevent(UDP_RATE({ rate: "2/1h", by: "rule", per: "packet" })),
      steps: [sends(passed()), sends(passed(), { src: f.stranger }), sends(dropped("rule")), tcp(TCP({ dport: 53 }), passed())],
    },
    {
      name: about("a burst may be larger or smaller than the number of the rate"),
      config: prevent(UDP_RATE({ rate: "1/1h", burst: 3, by: "source", per: "packet" }), {
        ...UDP_RATE({ rate: "10/1h", burst: 1, by: "source", per: "packet" }),
        name: "smooth",
        layer4: { protocol: "tcp", over_rate: { rate: "10/1h", burst: 1, by: "source", per: "packet" } },
      }),
      steps: [
        ...times(3, passed()),
        sends(dropped("rule")),
        tcp(TCP({ dport: 80 }), passed()),
        tcp(TCP({ dport: 80 }), dropped("smooth")),
        { wait: 400 },
        tcp(TCP({ dport: 80 }), passed()),
        sends(dropped("rule")),
      ],
    },
    {
      name: about("answers are neither counted nor judged"),
      config: prevent(UDP_RATE("2/1h")),
      steps: [sends(passed()), ...[1, 2, 3].map(() => answers(passed())), sends(passed()), sends(dropped("rule")), answers(passed())],
    },
    {
      name: about("a staged rule is told of packets over the rate, which pass"),
      config: prevent(UDP_RATE("1/1h", { enforce: false })),
      steps: [sends(passed()), sends(passed("default", "rule")), answers(passed()), { wait: 3700 }, sends(passed())],
    },
    {
      name: about("only packets with the flags that the rule asks for are counted"),
      config: prevent({
        name: "rule",
        action: "block",
        enforce: true,
        layer4: { protocol: "tcp", flags: { set: ["syn"], unset: ["ack"] }, over_rate: "2/1h" },
      }),
      steps: [
        tcp(TCP({ sport: 1, flags: ["syn"] }), passed()),
        tcp(TCP({ sport: 1, flags: ["ack"] }), passed()),
        tcp(TCP({ sport: 1, flags: ["ack", "psh"] }), passed()),
        tcp(TCP({ sport: 2, flags: ["syn"] }), passed()),
        tcp(TCP({ sport: 3, flags: ["syn"] }), dropped("rule")),
        tcp(TCP({ sport: 1, flags: ["ack"] }), passed()),
      ],
    },
    {
      name: about("what a rule in front decides is not counted, and what one behind drops is"),
      config: prevent(
        {
          name: "known",
          action: "allow",
          layer3: { source: [hook === "ingress" ? f.remote : f.local] },
          layer4: { protocol: "udp", destination_ports: [53] },
        },
        UDP_RATE("2/1h"),
        { name: "rest", action: "block", enforce: true, layer4: { protocol: "udp" } },
      ),
      steps: [
        ...times(4, passed("known")),
        ...times(2, dropped("rest"), { src: f.stranger }),
        ...times(2, dropped("rule"), { src: f.stranger }),
      ],
    },
    {
      name: about("a reload goes on counting for a rule that says the same, and begins anew for another"),
      config: prevent(UDP_RATE("1/1h", { description: "as it was" })),
      steps: [
        sends(passed()),
        {
          reload: prevent(
            { name: "before", action: "block", layer4: { protocol: "tcp" } },
            UDP_RATE("1/1h", { description: "said otherwise" }),
          ),
        },
        sends(dropped("rule")),
        { reload: prevent(UDP_RATE("2/1h")) },
        ...times(2, passed()),
        sends(dropped("rule")),
      ],
    },
  ];
}

function connectionCases(f: Family, hook: Hook): Case[] {
  const { sends, answers } = wire(f, hook);
  const about = (what: string): string => `${hook} ${f.name}: layer4.over_rate per connection: ${what}`;
  const perConnection: OverRate = { rate: "2/1h", by: "source", per: "connection" };
  const three = { port: 3 };
  return [
    {
      name: about("connections that open too fast are dropped, and those that stand go on"),
      config: prevent(UDP_RATE(perConnection)),
      steps: [
        sends(passed(), { port: 1 }),
        ...[1, 2, 3].map(() => sends(passed(), { port: 1 })),
        answers(passed(), { port: 1 }),
        sends(passed(), { port: 2 }),
        sends(dropped("rule"), three),
        sends(dropped("rule"), three),
        sends(passed(), { port: 1 }),
        sends(passed(), { src: f.stranger, port: 3 }),
        { wait: 1900 },
        sends(passed(), three),
        sends(passed(), three),
        sends(dropped("rule"), { port: 4 }),
      ],
    },
    {
      name: about("what detect lets through would be dropped with all that belongs to it"),
      config: { rules: [UDP_RATE({ ...perConnection, rate: "1/1h" })] },
      steps: [
        sends(passed(), { port: 1 }),
        sends(wouldDrop("rule"), three),
        sends(wouldDrop("rule"), three),
        answers(carried("rule"), three),
        answers(passed(), { port: 1 }),
      ],
    },
    {
      name: about("a staged rule is told of all packets of a connection that it would have dropped"),
      config: prevent(UDP_RATE({ ...perConnection, rate: "1/1h" }, { enforce: false }), {
        name: "dns",
        action: "allow",
        layer4: { protocol: "udp" },
      }),
      steps: [
        sends(passed("dns"), { port: 1 }),
        sends(passed("dns", "rule"), three),
        sends(passed("dns", "rule"), three),
        answers(passed("dns", "rule"), three),
        sends(passed("dns"), { port: 1 }),
        answers(passed("dns"), { port: 1 }),
      ],
    },
    {
      name: about("a staged rule in front of it is told first"),
      config: prevent(UDP_RATE({ ...perConnection, rate: "1/1h" }, { enforce: false }), {
        name: "all",
        action: "block",
        layer4: { protocol: "udp" },
      }),
      steps: [
        sends(passed("default", "all"), { port: 1 }),
        sends(passed("default", "rule"), three),
        answers(passed("default", "rule"), three),
        answers(passed("default", "all"), { port: 1 }),
      ],
    },
    {
      name: about("an allow that held when a connection opened holds for all of it"),
      config: {
        mode: "prevent",
        defaults: { action: "block" },
        rules: [UDP_RATE({ ...perConnection, rate: "1/1h" }, { action: "allow", enforce: false })],
      },
      steps: [
        sends(dropped("default"), { port: 1 }),
        sends(passed("rule"), three),
        sends(passed("rule"), three),
        answers(passed("rule"), three),
        sends(passed("rule"), { port: 4 }),
      ],
    },
    {
      name: about("conditions in front of one that held are asked of each packet"),
      config: {
        mode: "prevent",
        defaults: { action: "block" },
        rules: [
          { name: "old", action: "block", enforce: true, layer4: { connection_duration: { longer_than: "1h" } } },
          UDP_RATE({ ...perConnection, rate: "1/1d" }, { action: "allow", enforce: false }),
          { name: "young", action: "block", layer4: { connection_duration: { shorter_than: "1h" } } },
        ],
      },
      steps: [
        sends(dropped("default", "young"), { port: 1 }),
        sends(passed("rule"), three),
        answers(passed("rule"), three),
        { wait: 4000 },
        sends(dropped("old"), three),
        answers(dropped("old"), three),
      ],
    },
  ];
}

const unknownCases = (f: Family): Case[] => [
  {
    name: `${f.name}: layer4.over_rate: a later fragment without its first cannot be counted`,
    config: { mode: "prevent", defaults: { on_error: { ingress: "block" } }, rules: [UDP_RATE("2/1h", { layer4: { over_rate: "2/1h" } })] },
    steps: [
      at(
        "ingress",
        partFromRemote(f, { offset: 64, more: false, protocol: 17 }, payload(8)),
        undecided("fragment_without_first", "dropped"),
      ),
    ],
  },
];

export const RATE_CASES: Case[] = [
  ...forBoth((f) => (["ingress", "egress"] as const).flatMap((hook) => [...packetCases(f, hook), ...connectionCases(f, hook)])),
  ...forBoth(unknownCases),
];
