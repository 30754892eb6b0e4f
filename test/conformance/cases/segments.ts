/** Which TCP segments change the state of their connection: only those that their receiver accepts. */

import { DestinationOptions, Ethernet, frame, IPv4, IPv6, payload, TCP } from "../../harness/packet.ts";
import type { Layer } from "../../harness/packet/layer.ts";
import { at, carried, dropped, passed, wouldDrop, type Case, type PacketStep } from "../case.ts";
import { forBoth, type Family } from "../family.ts";
import type { PolicyText, RuleText } from "../policy.ts";

type Hook = PacketStep["packet"]["hook"];
type Expect = PacketStep["expect"];
type Flags = NonNullable<NonNullable<Parameters<typeof TCP>[0]>["flags"]>;

interface Numbers {
  seq?: number;
  ack?: number;
  hopLimit?: number;
  checksum?: number;
  text?: string;
  port?: number;
  /** Of TCP. */
  options?: number[];
  /** Instead of a plain IP header. */
  ip?: (ends: { src: string; dst: string }) => Layer[];
}

/** Not that of sockets that other cases open: what is left of them would tell who opened. */
const PORT = 8091;
const SPORT = 51001;
/** What each end sends first. */
const OPENER = 1000;
const OTHER = 0xffff_ffff;
/** What each sends next, once both have opened. */
const OPENER_NEXT = OPENER + 1;
const OTHER_NEXT = 0;

/** One connection may be open: a second one shows whether the first still is. */
const ONE: PolicyText = {
  mode: "prevent",
  rules: [{ name: "rule", action: "block", enforce: true, layer4: { protocol: "tcp", destination_ports: [PORT], connections_over: 1 } }],
};

/** Both ends of connections that are opened at this hook. */
export function ends(f: Family, hook: Hook, port = PORT) {
  const back = hook === "ingress" ? "egress" : "ingress";
  const [opener, other] = hook === "ingress" ? [f.remote, f.local] : [f.local, f.remote];
  const segment = (
    to: Hook,
    src: string,
    dst: string,
    options: Parameters<typeof TCP>[0],
    { hopLimit = 64, text, ip = (of) => [f.ip({ ...of, hopLimit })] }: Numbers,
    expect: Expect,
  ): PacketStep => at(to, frame(Ethernet(), ...ip({ src, dst }), TCP(options), ...(text === undefined ? [] : [payload(text)])), expect);
  const own = (
    { seq = OPENER_NEXT, ack = OTHER_NEXT, checksum, options = [], port: sport = SPORT }: Numbers,
    flags: Flags,
  ): Parameters<typeof TCP>[0] => ({
    sport,
    dport: port,
    seq,
    ack: flags.includes("ack") ? ack : 0,
    flags,
    options,
    ...(checksum === undefined ? {} : { checksum }),
  });
  const others = (
    { seq = OTHER_NEXT, ack = OPENER_NEXT, checksum, options = [], port: dport = SPORT }: Numbers,
    flags: Flags,
  ): Parameters<typeof TCP>[0] => ({
    sport: port,
    dport,
    seq,
    ack: flags.includes("ack") ? ack : 0,
    flags,
    options,
    ...(checksum === undefined ? {} : { checksum }),
  });
  return {
    sends: (flags: Flags, numbers: Numbers = {}, expect = passed()): PacketStep =>
      segment(hook, opener, other, own(numbers, flags), numbers, expect),
    answers: (flags: Flags, numbers: Numbers = {}, expect = passed()): PacketStep =>
      segment(back, other, opener, others(numbers, flags), numbers, expect),
    /** As if the other end sent it, but from where the opener is. */
    pretends: (flags: Flags, numbers: Numbers = {}, expect = passed()): PacketStep =>
      segment(hook, other, opener, others(numbers, flags), numbers, expect),
    opens: (numbers: Numbers = {}, expect = passed()): PacketStep =>
      segment(hook, opener, other, own({ seq: OPENER, ...numbers }, ["syn"]), numbers, expect),
  };
}

const TIMESTAMP = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0];
const SIGNATURE = [19, 18, ...Array<number>(16).fill(7), 0, 0];
const SOURCE_ROUTE = [0x83, 7, 4, 192, 0, 2, 1, 0];

type Strange = [what: string, numbers: Numbers, flags?: Flags];
const STRANGE_TCP: Strange[] = [
  ["with data", { text: "more" }],
  ["with a signature", { options: SIGNATURE }],
  ["with another option of that length", { options: [1, 1, 254, 10, ...Array<number>(8).fill(0)] }],
  ["that says FIN, too", {}, ["fin"]],
];
const STRANGE: Record<Family["name"], Strange[]> = {
  IPv4: [
    ...STRANGE_TCP,
    ["with a wrong checksum in its IP header", { ip: (ends) => [IPv4({ ...ends, checksum: 0x1234 })] }],
    ["with a source route", { ip: (ends) => [IPv4({ ...ends, options: SOURCE_ROUTE })] }],
  ],
  IPv6: [...STRANGE_TCP, ["with destination options", { ip: (ends) => [IPv6(ends), DestinationOptions()] }]],
};

function stateCases(f: Family, hook: Hook): Case[] {
  const { sends, answers, pretends, opens } = ends(f, hook);
  const begin = [opens(), answers(["syn", "ack"], { seq: OTHER }), sends(["ack"])];
  const isOpen = opens({ port: SPORT + 1 }, dropped("rule"));
  const isClosed = opens({ port: SPORT + 1 });
  const about = (what: string, ...steps: PacketStep[]): Case => ({
    name: `${hook} ${f.name}: TCP state: ${what}`,
    config: ONE,
    steps: [...begin, ...steps],
  });
  return [
    about("a reset of the opener ends the connection where it stands at what the other end acknowledged", sends(["rst"]), isClosed),
    about("so does one of the other end", answers(["rst"]), isClosed),
    about("a reset may carry an acknowledgement of its own", answers(["rst", "ack"]), isClosed),
    about("it is taken back when the other end goes on", sends(["rst"]), answers(["ack"]), isOpen),
    about("it stands when only its sender goes on, which no receiver would hear", sends(["rst"]), sends(["ack"]), isClosed),
    about(
      "another number in the window changes nothing",
      sends(["rst"], { seq: OPENER_NEXT + 1 }),
      answers(["rst"], { seq: OTHER_NEXT + 1 }),
      isOpen,
    ),
    about("nor does a number before it", sends(["rst"], { seq: OPENER_NEXT - 1 }), answers(["rst"], { seq: OTHER_NEXT - 1 }), isOpen),
    about("nor one from far away", sends(["rst"], { seq: 0x8000_0000 }), answers(["rst"], { seq: 0x8000_0000 }), isOpen),
    about("a wrong checksum changes nothing", sends(["rst"], { checksum: 0x1234 }), answers(["rst"], { checksum: 0x1234 }), isOpen),
    ...STRANGE[f.name].map(([what, numbers, flags = []]) =>
      about(
        `a reset ${what} may be thrown away on its way, and closes nothing`,
        sends(["rst", ...flags], numbers),
        answers(["rst", ...flags], numbers),
        isOpen,
      ),
    ),
    about("the timestamp that Linux writes does no harm", sends(["rst"], { options: TIMESTAMP }), isClosed),
    about("fewer hops than the SYN had change nothing", sends(["rst"], { hopLimit: 63 }), answers(["rst"], { hopLimit: 1 }), isOpen),
    about("more hops than the SYN had are as good", sends(["rst"], { hopLimit: 255 }), isClosed),
    about(
      "while data is under way a reset closes nothing: where it stands then, the other end may be further",
      sends(["ack", "psh"], { text: "GET" }),
      sends(["rst"], { seq: OPENER_NEXT + 3 }),
      sends(["rst"]),
      isOpen,
    ),
    about(
      "once that is acknowledged it does",
      sends(["ack", "psh"], { text: "GET" }),
      answers(["ack"], { ack: OPENER_NEXT + 3 }),
      sends(["rst"], { seq: OPENER_NEXT + 3 }),
      isClosed,
    ),
    about(
      "an acknowledgement of what was never sent moves nothing",
      answers(["ack"], { ack: OPENER_NEXT + 100 }),
      sends(["rst"], { seq: OPENER_NEXT + 100 }),
      isOpen,
      sends(["rst"]),
      isClosed,
    ),
    about(
      "nobody speaks for the other end from this side",
      pretends(["rst"]),
      pretends(["ack", "fin"]),
      sends(["ack", "fin"]),
      pretends(["ack"], { seq: OTHER_NEXT + 1, ack: OPENER_NEXT + 1 }),
      sends(["ack"], { seq: OPENER_NEXT + 1, ack: OTHER_NEXT + 1 }),
      isOpen,
    ),
    about(
      "a FIN counts when it is acknowledged, and the connection is closed when both are",
      sends(["fin", "ack"]),
      answers(["fin", "ack"], { ack: OPENER_NEXT + 1 }),
      isOpen,
      sends(["ack"], { seq: OPENER_NEXT + 1, ack: OTHER_NEXT + 1 }),
      isClosed,
    ),
    about(
      "a FIN that the other end does not acknowledge finishes nothing",
      sends(["fin", "ack"], { hopLimit: 1 }),
      answers(["fin", "ack"]),
      sends(["ack"], { ack: OTHER_NEXT + 1 }),
      isOpen,
    ),
    about(
      "a FIN from far away finishes nothing",
      sends(["fin", "ack"], { seq: 0x8000_0000 }),
      answers(["fin", "ack"], { ack: 0x8000_0001 }),
      sends(["ack"], { ack: OTHER_NEXT + 1 }),
      isOpen,
    ),
    about(
      "both closed connections stay closed whatever comes late",
      sends(["fin", "ack"]),
      answers(["fin", "ack"], { ack: OPENER_NEXT + 1 }),
      sends(["ack"], { seq: OPENER_NEXT + 1, ack: OTHER_NEXT + 1 }),
      answers(["ack"], { ack: OPENER_NEXT + 1 }),
      sends(["rst"]),
      isClosed,
    ),
    about(
      "a SYN with other numbers does not end a connection that lives",
      opens({ seq: 77_000 }),
      sends(["ack"]),
      answers(["ack"]),
      isOpen,
    ),
    about(
      "one SYN and one reset with wrong numbers leave it alone",
      sends(["rst"], { seq: 5 }),
      opens({ seq: 77_000 }),
      answers(["ack"]),
      sends(["ack", "psh"], { text: "GET" }),
      isOpen,
    ),
    about("the SYN that opened it may come again", opens(), answers(["ack"]), isOpen),
    about(
      "after a reset the same ports open the next connection",
      sends(["rst"]),
      opens({ seq: 77_000 }),
      answers(["syn", "ack"], { seq: 99_000, ack: 77_001 }),
      sends(["ack"], { seq: 77_001, ack: 99_001 }),
      isOpen,
    ),
  ];
}

function openingCases(f: Family, hook: Hook): Case[] {
  const { sends, answers, opens } = ends(f, hook);
  const isOpen = opens({ port: SPORT + 1 }, dropped("rule"));
  const isClosed = opens({ port: SPORT + 1 });
  const about = (what: string, ...steps: PacketStep[]): Case => ({
    name: `${hook} ${f.name}: TCP state: ${what}`,
    config: ONE,
    steps: [opens(), ...steps],
  });
  return [
    about("a refused SYN opened nothing that lasts", answers(["rst", "ack"], { seq: 0 }), isClosed),
    about("a refusal must acknowledge the SYN", answers(["rst", "ack"], { seq: 0, ack: 7 }), answers(["rst"], { seq: 0 }), isOpen),
    about(
      "only what acknowledges the SYN tells the numbers of the other end",
      answers(["ack"], { seq: 33, ack: OPENER }),
      answers(["syn", "ack"], { seq: OTHER }),
      sends(["ack"]),
      sends(["rst"]),
      isClosed,
    ),
    about("a refusal with a wrong checksum is none", answers(["rst", "ack"], { seq: 0, checksum: 0x1234 }), isOpen),
    about(
      "a SYN+ACK that acknowledges something else does not tell the numbers of its end",
      answers(["syn", "ack"], { seq: 33, ack: 7 }),
      answers(["rst"], { seq: 34 }),
      answers(["syn", "ack"], { seq: OTHER }),
      answers(["rst"]),
      isOpen,
      sends(["ack"]),
      answers(["rst"]),
      isClosed,
    ),
    about(
      "a SYN that comes again with more hops shows how many a reset needs",
      opens({ hopLimit: 128 }),
      answers(["syn", "ack"], { seq: OTHER }),
      sends(["ack"]),
      sends(["rst"], { hopLimit: 64 }),
      isOpen,
      sends(["rst"], { hopLimit: 128 }),
      isClosed,
    ),
  ];
}

/** Without a limit, so that a second SYN passes. */
function successorCases(f: Family, hook: Hook): Case[] {
  const { sends, answers, opens } = ends(f, hook);
  const begin = [opens(), answers(["syn", "ack"], { seq: OTHER }), sends(["ack"])];
  const old: PolicyText = {
    mode: "prevent",
    rules: [{ name: "old", action: "block", enforce: true, layer4: { protocol: "tcp", connection_duration: { longer_than: "1h" } } }],
  };
  const [syn, synAck] = [opens({ seq: 77_000 }), answers(["syn", "ack"], { seq: 99_000, ack: 77_001 })];
  const ack = { seq: 77_001, ack: 99_001 };
  const later = { wait: 3700 };
  const about = (what: string, ...steps: Case["steps"]): Case => ({
    name: `${hook} ${f.name}: TCP state: ${what}`,
    config: { mode: "prevent" },
    steps: [...begin, ...steps],
  });
  return [
    about(
      "a SYN that is answered, and whose opener goes on, begins the next connection",
      later,
      syn,
      synAck,
      sends(["ack"], ack),
      { reload: old },
      sends(["ack"], ack),
      answers(["ack"], { seq: 99_001, ack: 77_001 }),
    ),
    about("a SYN alone leaves the connection as old as it is", later, syn, { reload: old }, sends(["ack"], {}, dropped("old"))),
    about(
      "so does one with an answer to another",
      later,
      syn,
      answers(["syn", "ack"], { seq: 99_000, ack: 77_002 }),
      sends(["ack"], { seq: 77_001, ack: 99_001 }),
      { reload: old },
      sends(["ack"], {}, dropped("old")),
    ),
    about("and one whose opener does not go on", later, syn, synAck, sends(["ack"]), { reload: old }, sends(["ack"], {}, dropped("old"))),
    about(
      "a reset without the right number does not make an old connection young",
      later,
      sends(["rst"], { seq: 7 }),
      opens({ seq: 77_000 }),
      { reload: old },
      sends(["ack"], {}, dropped("old")),
    ),
  ];
}

/** A packet that begins another connection between the ends of one that stands, or has ended, and does not pass. */
function replacementCases(f: Family, hook: Hook): Case[] {
  const { sends, answers, opens } = ends(f, hook);
  const begin = [opens(), answers(["syn", "ack"], { seq: OTHER }), sends(["ack"])];
  const urgent: RuleText = { name: "urgent", action: "block", enforce: true, layer4: { protocol: "tcp", flags: { set: ["urg"] } } };
  const rules = [urgent, ...ONE.rules!];
  const PREVENT: PolicyText = { mode: "prevent", rules };
  const DETECT: PolicyText = { rules };
  const opensAgain = (expect = passed(), ...flags: Flags): PacketStep => sends(["syn", ...flags], { seq: 77_000 }, expect);
  const answersAgain = (expect = passed()): PacketStep => answers(["syn", "ack"], { seq: 99_000, ack: 77_001 }, expect);
  const goesOnAgain = (expect = passed(), ...flags: Flags): PacketStep => sends(["ack", ...flags], { seq: 77_001, ack: 99_001 }, expect);
  const resetsAgain = [answers(["ack"], { seq: 99_001, ack: 77_001 }), sends(["rst"], { seq: 77_001 })];
  const finish = [
    sends(["fin", "ack"]),
    answers(["fin", "ack"], { ack: OPENER_NEXT + 1 }),
    sends(["ack"], { seq: OPENER_NEXT + 1, ack: OTHER_NEXT + 1 }),
  ];
  const lateAnswer = answers(["ack"], { seq: OTHER_NEXT + 1, ack: OPENER_NEXT + 1 });
  const isOpen = (expect = dropped("rule")): PacketStep => opens({ port: SPORT + 1 }, expect);
  const isClosed = opens({ port: SPORT + 1 });
  const about = (what: string, config: PolicyText, ...steps: Case["steps"]): Case => ({
    name: `${hook} ${f.name}: TCP state: ${what}`,
    config,
    steps: [...begin, ...steps],
  });
  return [
    about(
      "a SYN that is dropped leaves a connection that was reset, and goes on",
      PREVENT,
      sends(["rst"]),
      opensAgain(dropped("urgent"), "urg"),
      answers(["ack"]),
      sends(["ack"]),
      isOpen(),
    ),
    about(
      "a SYN that is dropped leaves a connection that has ended",
      PREVENT,
      ...finish,
      opensAgain(dropped("urgent"), "urg"),
      lateAnswer,
      isClosed,
    ),
    about(
      "one that passes after it opens the next connection",
      PREVENT,
      ...finish,
      opensAgain(dropped("urgent"), "urg"),
      opensAgain(),
      answersAgain(),
      goesOnAgain(),
      isOpen(),
    ),
    about(
      "the next connection counts instead of the one before",
      PREVENT,
      opensAgain(),
      answersAgain(),
      goesOnAgain(),
      isOpen(),
      ...resetsAgain,
      isClosed,
    ),
    about(
      "where its opener's packet is dropped, the one before goes on, and counts",
      PREVENT,
      opensAgain(),
      answersAgain(),
      goesOnAgain(dropped("urgent"), "urg"),
      sends(["ack"]),
      answers(["ack"]),
      isOpen(),
      sends(["rst"]),
      isClosed,
    ),
    about(
      "that packet may come again, and pass",
      PREVENT,
      opensAgain(),
      answersAgain(),
      goesOnAgain(dropped("urgent"), "urg"),
      goesOnAgain(),
      isOpen(),
      ...resetsAgain,
      isClosed,
    ),
    about(
      "detect keeps the one before, too, where it would be dropped",
      DETECT,
      opensAgain(),
      answersAgain(),
      goesOnAgain(wouldDrop("urgent"), "urg"),
      sends(["ack"]),
      answers(["ack"]),
      isOpen(wouldDrop("rule")),
    ),
    about(
      "in detect a connection that would be dropped begins after one that has ended",
      DETECT,
      ...finish,
      opensAgain(wouldDrop("urgent"), "urg"),
      answersAgain(carried("urgent")),
      goesOnAgain(carried("urgent")),
      isClosed,
    ),
    about(
      "its SYN may pass when it comes again",
      DETECT,
      ...finish,
      opensAgain(wouldDrop("urgent"), "urg"),
      opensAgain(),
      answersAgain(),
      goesOnAgain(),
      isOpen(wouldDrop("rule")),
    ),
    about(
      "other rules may let it go on",
      DETECT,
      ...finish,
      opensAgain(wouldDrop("urgent"), "urg"),
      { reload: {} },
      opensAgain(),
      answersAgain(),
      goesOnAgain(),
    ),
    about(
      "a connection that goes on is not taken for one that seemed to come after it",
      DETECT,
      sends(["rst"]),
      opensAgain(wouldDrop("urgent"), "urg"),
      answers(["ack"], {}, carried("urgent")),
      { mode: "prevent" },
      answers(["ack"]),
      { mode: "detect" },
      sends(["ack"]),
      isOpen(wouldDrop("rule")),
    ),
    about(
      "of a ban, too, detect has met its SYN alone",
      DETECT,
      ...finish,
      { bans: [f.remote, f.local] },
      opensAgain(wouldDrop("ban")),
      answersAgain(carried("ban")),
      goesOnAgain(carried("ban")),
      { bans: [] },
      isClosed,
    ),
    about(
      "a ban that comes after it has begun has not met it",
      DETECT,
      ...finish,
      opensAgain(wouldDrop("urgent"), "urg"),
      { bans: [f.remote, f.local] },
      answersAgain(carried("ban")),
      goesOnAgain(carried("ban")),
    ),
    about(
      "a ban meets each packet of a connection that stands",
      DETECT,
      { bans: [f.remote, f.local] },
      sends(["ack"], {}, wouldDrop("ban")),
      answers(["ack"], {}, wouldDrop("ban")),
      { bans: [] },
      sends(["ack"]),
      isOpen(wouldDrop("rule")),
    ),
  ];
}

export const SEGMENT_CASES: Case[] = forBoth((f) =>
  (["ingress", "egress"] as const).flatMap((hook) => [
    ...stateCases(f, hook),
    ...openingCases(f, hook),
    ...successorCases(f, hook),
    ...replacementCases(f, hook),
  ]),
);
