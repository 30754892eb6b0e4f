/** Rules that hold at times: on a schedule, and until they end. Each case begins on a Wednesday at noon. */

import { payload, TCP, UDP } from "../../harness/packet.ts";
import type { Layer } from "../../harness/packet/layer.ts";
import { at, dropped, inward, passed, undecided, wouldDrop, type Case, type PacketStep } from "../case.ts";
import { NOON } from "../clock.ts";
import { forBoth, fromLocal, fromRemote, partFromRemote, type Family } from "../family.ts";
import type { PolicyText, RuleText } from "../policy.ts";

type Hook = PacketStep["packet"]["hook"];
type Expect = PacketStep["expect"];

const HOUR = 3600;
const DAY = 24 * HOUR;
/** At one o'clock. */
const IN_AN_HOUR = new Date(2026, 10, 18, 13).toISOString();
const EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const satisfies NonNullable<RuleText["schedule"]>[number]["days"];
const LUNCH: Partial<RuleText> = { schedule: [{ days: [...EVERY_DAY], from: "12:00", to: "13:00" }] };

const block = (rule: Partial<RuleText>): PolicyText => ({
  mode: "prevent",
  rules: [{ name: "rule", action: "block", enforce: true, ...rule }],
});
const allow = (rule: Partial<RuleText>): PolicyText => ({
  mode: "prevent",
  defaults: { action: "block" },
  rules: [{ name: "rule", action: "allow", ...rule }],
});

function timed(f: Family, hook: Hook): Case[] {
  const about = (what: string): string => `${hook} ${f.name}: ${what}`;
  const sends = (layer: Layer, expect: Expect): PacketStep => at(hook, (hook === "ingress" ? fromRemote : fromLocal)(f, layer), expect);
  const asks = (expect: Expect, port = 8080): PacketStep => sends(UDP({ sport: 50000, dport: port }), expect);
  return [
    {
      name: about("schedule: holds within its span, for a connection that goes on, too"),
      config: block({ schedule: [{ days: ["wed", "thu"], from: "13:00", to: "14:30" }] }),
      steps: [
        asks(passed()),
        { wait: HOUR },
        asks(dropped("rule")),
        { wait: HOUR },
        asks(dropped("rule"), 8081),
        { wait: HOUR },
        asks(passed()),
        { wait: DAY - 2 * HOUR },
        asks(dropped("rule")),
        { wait: DAY },
        asks(passed()),
      ],
    },
    {
      name: about("schedule: an allow ends its connections with its span"),
      config: allow(LUNCH),
      steps: [
        asks(passed("rule")),
        asks(passed("rule")),
        { wait: HOUR },
        asks(dropped("default")),
        { wait: DAY - HOUR },
        asks(passed("rule")),
      ],
    },
    {
      name: about("schedule: a span over midnight belongs to the day on which it begins"),
      config: block({ schedule: [{ days: ["wed"], from: "22:00", to: "06:00" }] }),
      steps: [
        asks(passed()),
        { wait: 11 * HOUR },
        asks(dropped("rule")),
        { wait: 6 * HOUR },
        asks(dropped("rule")),
        { wait: 2 * HOUR },
        asks(passed()),
        { wait: 16 * HOUR },
        asks(passed()),
      ],
    },
    {
      name: about("schedule: a span over midnight goes on from Sunday to Monday"),
      config: block({ schedule: [{ days: ["sun"], from: "22:00", to: "06:00" }] }),
      steps: [{ wait: 3 * DAY + 17 * HOUR }, asks(passed()), { wait: DAY }, asks(dropped("rule")), { wait: DAY }, asks(passed())],
    },
    {
      name: about("schedule: several spans are alternatives"),
      config: block({
        schedule: [
          { days: ["wed"], from: "00:00", to: "12:00" },
          { days: ["wed"], from: "13:00", to: "24:00" },
        ],
      }),
      steps: [asks(passed()), { wait: HOUR }, asks(dropped("rule")), { wait: 12 * HOUR }, asks(passed())],
    },
    {
      name: about("expires: the rule ends when it is time, also for a connection that goes on"),
      config: block({ expires: IN_AN_HOUR }),
      steps: [
        asks(dropped("rule")),
        { mode: "detect" },
        asks(wouldDrop("rule")),
        { mode: "prevent" },
        { wait: HOUR },
        asks(passed()),
        { reload: block({ expires: IN_AN_HOUR }) },
        asks(passed()),
      ],
    },
    {
      name: about("expires: an allow ends its connections"),
      config: allow({ expires: IN_AN_HOUR }),
      steps: [asks(passed("rule")), { wait: HOUR / 2 }, asks(passed("rule")), { wait: HOUR / 2 }, asks(dropped("default"))],
    },
    {
      name: about("expires: with another moment it is the same rule"),
      config: allow({ expires: IN_AN_HOUR }),
      steps: [
        asks(passed("rule")),
        { reload: allow({ expires: new Date(NOON + 2 * HOUR * 1000).toISOString() }) },
        { wait: HOUR },
        asks(passed("rule")),
      ],
    },
    {
      name: about("expires: a rule that is over decides nothing behind one that is not"),
      config: {
        mode: "prevent",
        rules: [
          { name: "over", action: "block", enforce: true, expires: new Date(NOON - HOUR * 1000).toISOString() },
          { name: "staged", action: "block", ...LUNCH },
          { name: "rule", action: "allow", expires: IN_AN_HOUR },
        ],
      },
      steps: [asks(passed("rule", "staged")), { wait: HOUR }, asks(passed())],
    },
    {
      name: about("a rule that counts connections keeps its answer while the clock is asked again"),
      config: {
        mode: "prevent",
        defaults: { action: "block" },
        rules: [
          {
            name: "lunch",
            action: "allow",
            layer4: { protocol: "udp", over_rate: { rate: "1/9h", by: "source", per: "connection" } },
            ...LUNCH,
          },
          { name: "rule", action: "allow", layer4: { protocol: "udp", over_rate: { rate: "1/9h", by: "source", per: "connection" } } },
        ],
      },
      steps: [
        asks(dropped("default")),
        asks(passed("lunch"), 8081),
        { wait: HOUR / 2 },
        asks(passed("lunch"), 8081),
        { wait: HOUR / 2 },
        asks(dropped("default"), 8081),
        asks(passed("rule"), 8082),
        { wait: 23 * HOUR },
        asks(passed("rule"), 8082),
        { wait: HOUR },
        asks(passed("rule"), 8082),
      ],
    },
    {
      name: about("a condition on packets holds only while it is time"),
      config: block({ layer4: { protocol: "tcp", flags: { set: ["urg"] } }, expires: IN_AN_HOUR }),
      steps: [
        sends(TCP({ sport: 50000, dport: 8080, flags: ["syn"] }), passed()),
        sends(TCP({ sport: 50000, dport: 8080, flags: ["ack", "urg"] }), dropped("rule")),
        { wait: HOUR },
        sends(TCP({ sport: 50000, dport: 8080, flags: ["ack", "urg"] }), passed()),
      ],
    },
  ];
}

const cases = (f: Family): Case[] => [
  ...timed(f, "ingress"),
  ...timed(f, "egress"),
  {
    name: `${f.name}: of a later fragment without ports the time is known`,
    config: {
      mode: "prevent",
      rules: [{ name: "rule", action: "block", enforce: true, layer4: { protocol: "udp", destination_ports: [53] }, expires: IN_AN_HOUR }],
    },
    steps: [
      inward(partFromRemote(f, { offset: 64, more: false, protocol: 17 }, payload(16)), undecided("fragment_without_first")),
      { wait: HOUR },
      inward(partFromRemote(f, { id: 9, offset: 64, more: false, protocol: 17 }, payload(16)), passed()),
    ],
  },
];

export const TIME_CASES: Case[] = forBoth(cases);
