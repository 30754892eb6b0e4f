/** What the sender of a dropped packet is told by a rule that rejects, byte for byte, and what gets no answer. */

import {
  BROADCAST,
  Ethernet,
  extension,
  frame,
  HopByHop,
  IPv4,
  IPv6,
  MAC_A,
  MAC_B,
  payload,
  TCP,
  UDP,
  VLAN,
  VXLAN,
} from "../../harness/packet.ts";
import type { Layer } from "../../harness/packet/layer.ts";
import { at, dropped, inward, outward, passed, rejected, wouldDrop, type Case, type PacketStep } from "../case.ts";
import { FAMILY_4, FAMILY_6, forBoth, fromLocal, fromRemote, partFromRemote, type Family } from "../family.ts";
import type { PolicyText, RuleText } from "../policy.ts";

const reject = (name: string, more: Partial<RuleText> = {}): RuleText => ({ name, action: "block", enforce: true, reject: true, ...more });
const NO_WEB = reject("no-web", { layer4: { protocol: "tcp", destination_ports: [80] } });
const NO_DNS = reject("no-dns", { layer4: { protocol: "udp", destination_ports: [53] } });
const NOTHING = reject("nothing");
const silent = (rule: RuleText): RuleText => ({ ...rule, reject: false });

const ETHERNET = 14;
const TCP_PROTOCOL = 6;
const IPV4_PROHIBITED = { type: 3, code: 13 };
const IPV6_PROHIBITED = { type: 1, code: 1 };

type Hook = PacketStep["packet"]["hook"];
const HOOKS: Hook[] = ["ingress", "egress"];

/** A frame from the remote host, or to it. */
const going = (f: Family, hook: Hook, ...layers: Layer[]): Uint8Array => (hook === "ingress" ? fromRemote : fromLocal)(f, ...layers);

/** The IP header of an answer to such a frame. */
function backward(f: Family, hook: Hook): Layer {
  const [src, dst] = hook === "ingress" ? [f.local, f.remote] : [f.remote, f.local];
  return f.name === "IPv4" ? IPv4({ src, dst, dontFragment: true }) : IPv6({ src, dst });
}

const answer = (f: Family, hook: Hook, ...layers: Layer[]): Uint8Array =>
  frame(Ethernet({ src: MAC_B, dst: MAC_A }), backward(f, hook), ...layers);

/** An error that quotes what starts at `from` of the frame, as far as the family's error may reach. */
function prohibited(f: Family, hook: Hook, about: Uint8Array, length?: number): Uint8Array {
  const [most, codes] = f.name === "IPv4" ? [576 - 28, IPV4_PROHIBITED] : [1280 - 48, IPV6_PROHIBITED];
  return answer(f, hook, f.icmp(codes), payload(about.subarray(ETHERNET, ETHERNET + Math.min(most, length ?? about.length))));
}

const resetTo = (f: Family, hook: Hook, ack: number): Uint8Array =>
  answer(f, hook, TCP({ sport: 80, dport: 40000, flags: ["rst", "ack"], seq: 0, ack, window: 0 }));

/** A packet whose sender is told by these bytes. */
function told(hook: Hook, sent: Uint8Array, rule: string, by: Uint8Array, circumstances = {}): PacketStep {
  return { ...at(hook, sent, rejected(rule, protocolOf(by) === TCP_PROTOCOL ? "reset" : "prohibited"), circumstances), answer: by };
}

function protocolOf(bytes: Uint8Array): number {
  return bytes[12] === 0x08 ? bytes[ETHERNET + 9]! : bytes[ETHERNET + 6]!;
}

const resetCases = (f: Family): Case[] =>
  HOOKS.flatMap((hook) => [
    {
      name: `${f.name} ${hook}: a SYN that is rejected is answered with a reset, one that is only blocked with nothing`,
      config: { mode: "prevent", rules: [NO_WEB, silent(reject("no-telnet", { layer4: { protocol: "tcp", destination_ports: [23] } }))] },
      steps: [
        told(hook, going(f, hook, TCP({ seq: 1000 })), "no-web", resetTo(f, hook, 1001)),
        told(hook, going(f, hook, TCP({ seq: 0xffff_ffff })), "no-web", resetTo(f, hook, 0)),
        told(hook, going(f, hook, TCP({ seq: 1000, options: [2, 4, 5, 180] }), payload("early data")), "no-web", resetTo(f, hook, 1011)),
        told(hook, going(f, hook, TCP({ seq: 1000, flags: ["syn", "fin"] })), "no-web", resetTo(f, hook, 1002)),
        at(hook, going(f, hook, TCP({ dport: 23 })), dropped("no-telnet")),
        at(hook, going(f, hook, TCP({ dport: 81 })), passed()),
      ],
    },
    {
      name: `${f.name} ${hook}: what is sent on a connection that is rejected meanwhile is reset where the other end stands`,
      config: { mode: "prevent" },
      steps: [
        at(hook, going(f, hook, TCP()), passed()),
        { reload: { mode: "prevent", rules: [NO_WEB] } },
        told(
          hook,
          going(f, hook, TCP({ seq: 1001, ack: 70_000, flags: ["ack", "psh"] }), payload("GET /")),
          "no-web",
          answer(f, hook, TCP({ sport: 80, dport: 40000, flags: ["rst"], seq: 70_000, window: 0 })),
        ),
        at(hook, going(f, hook, TCP({ flags: ["rst"] })), dropped("no-web")),
        at(hook, going(f, hook, TCP({ flags: ["rst", "ack"] })), dropped("no-web")),
      ],
    },
    {
      name: `${f.name} ${hook}: packets that a condition rejects are answered, the others of the connection pass`,
      config: { mode: "prevent", rules: [reject("no-urgent", { layer4: { protocol: "tcp", flags: { set: ["urg"] } } })] },
      steps: [
        at(hook, going(f, hook, TCP()), passed()),
        told(
          hook,
          going(f, hook, TCP({ ack: 5, flags: ["ack", "urg"] })),
          "no-urgent",
          answer(f, hook, TCP({ sport: 80, dport: 40000, flags: ["rst"], seq: 5, window: 0 })),
        ),
        at(hook, going(f, hook, TCP({ flags: ["ack"] })), passed()),
      ],
    },
    {
      name: `${f.name} ${hook}: an answer goes out under the tags that the frame had`,
      config: { mode: "prevent", rules: [NO_WEB, NO_DNS] },
      steps: [[5], [5, 7]].flatMap((ids) => {
        const tags = ids.map((id) => VLAN(id));
        const [src, dst] = hook === "ingress" ? [f.remote, f.local] : [f.local, f.remote];
        const ip = f.ip({ src, dst });
        const question = frame(Ethernet(), ...tags, ip, UDP(), payload("?"));
        const quoted = question.subarray(ETHERNET + 4 * tags.length);
        const back = Ethernet({ src: MAC_B, dst: MAC_A });
        const codes = f.name === "IPv4" ? IPV4_PROHIBITED : IPV6_PROHIBITED;
        return [
          {
            ...at(hook, frame(Ethernet(), ...tags, ip, TCP()), rejected("no-web", "reset")),
            answer: frame(
              back,
              ...tags,
              backward(f, hook),
              TCP({ sport: 80, dport: 40000, flags: ["rst", "ack"], seq: 0, ack: 1001, window: 0 }),
            ),
          },
          {
            ...at(hook, question, rejected("no-dns", "prohibited")),
            answer: frame(back, ...tags, backward(f, hook), f.icmp(codes), payload(quoted)),
          },
        ];
      }),
    },
  ]);

const errorCases = (f: Family): Case[] =>
  HOOKS.flatMap((hook) => [
    {
      name: `${f.name} ${hook}: a datagram that is rejected is answered with an error that quotes as much of it as it may`,
      config: { mode: "prevent", rules: [NO_DNS] },
      steps: [
        ...[0, 1, 2, 3, 503, 504, 505, 1017, 1400].map((size) => {
          const question = going(f, hook, UDP(), payload("x".repeat(size)));
          return told(hook, question, "no-dns", prohibited(f, hook, question));
        }),
        at(hook, going(f, hook, UDP({ dport: 54 })), passed()),
      ],
    },
    {
      name: `${f.name} ${hook}: an echo request is answered with an error, what answers one with nothing`,
      config: { mode: "prevent", rules: [NOTHING] },
      steps: [
        (() => {
          const request = going(f, hook, f.icmp({ type: f.types.request }), payload("ping"));
          return told(hook, request, "nothing", prohibited(f, hook, request));
        })(),
        at(hook, going(f, hook, f.icmp({ type: f.types.reply })), dropped("nothing")),
        at(hook, going(f, hook, f.icmp({ type: 200 })), dropped("nothing")),
      ],
    },
    {
      name: `${f.name} ${hook}: an error is never answered, whatever it is about`,
      config: { mode: "prevent", rules: [NOTHING] },
      steps: [
        at(hook, going(f, hook, f.icmp({ type: f.types.unreachable }), f.ip({ src: f.local, dst: f.remote }), UDP()), dropped("nothing")),
        at(hook, going(f, hook, f.icmp({ type: f.types.unreachable })), dropped("nothing")),
      ],
    },
    {
      name: `${f.name} ${hook}: another protocol is answered with an error, and padding is not quoted`,
      config: { mode: "prevent", rules: [NOTHING] },
      steps: [
        (() => {
          const strange = going(f, hook, extension(253, { body: [1, 2, 3, 4, 5, 6] }));
          return told(hook, Buffer.concat([strange, new Uint8Array(20)]), "nothing", prohibited(f, hook, strange));
        })(),
      ],
    },
    {
      name: `${f.name} ${hook}: nothing is told to a group, nor of what a group was sent`,
      config: { mode: "prevent", rules: [NOTHING] },
      steps: [
        ...(f.name === "IPv4" ? ["224.0.0.9", "255.255.255.255", "0.0.0.0", "127.0.0.1"] : ["ff02::9", "ff0e::9"]).map((dst) =>
          at(hook, frame(Ethernet(), f.ip({ src: f.remote, dst }), UDP()), dropped("nothing")),
        ),
        ...(f.name === "IPv4" ? ["224.0.0.9", "0.0.0.0", "127.0.0.1", "240.0.0.1"] : ["ff02::9", "::", "::1"]).map((src) =>
          at(hook, frame(Ethernet(), f.ip({ src, dst: f.local }), UDP()), dropped("nothing")),
        ),
        at(hook, frame(Ethernet({ dst: BROADCAST }), f.ip({ src: f.remote, dst: f.local }), TCP()), dropped("nothing")),
      ],
    },
    {
      name: `${f.name} ${hook}: the packet around a tunnel is answered, the one inside is not`,
      config: { mode: "prevent", rules: [NO_WEB] },
      steps: [
        at(
          hook,
          going(f, hook, UDP({ dport: 4789 }), VXLAN({}), Ethernet(), f.ip({ src: f.stranger, dst: f.local }), TCP()),
          dropped("no-web"),
        ),
        { reload: { mode: "prevent", rules: [NOTHING] } },
        (() => {
          const around = going(f, hook, UDP({ dport: 4789 }), VXLAN({}), Ethernet(), f.ip({ src: f.stranger, dst: f.local }), TCP());
          return told(hook, around, "nothing", prohibited(f, hook, around));
        })(),
      ],
    },
  ]);

const otherCases = (f: Family): Case[] => [
  {
    name: `${f.name}: nothing is told in detect, nor by a rule that is not enforced`,
    config: { rules: [NO_WEB] },
    steps: [
      inward(fromRemote(f, TCP()), wouldDrop("no-web")),
      outward(fromLocal(f, TCP()), wouldDrop("no-web")),
      { reload: { mode: "prevent", rules: [{ ...NO_WEB, enforce: false }] } },
      inward(fromRemote(f, TCP({ sport: 41000 })), passed("default", "no-web")),
    ],
  },
  {
    name: `${f.name}: what the default or on_error drops is not answered`,
    config: {
      mode: "prevent",
      defaults: { action: "block", on_error: { ingress: "block", egress: "block" } },
      rules: [NO_WEB],
    } satisfies PolicyText,
    steps: [inward(fromRemote(f, TCP({ dport: 81 })), dropped("default")), outward(fromLocal(f, UDP()), dropped("default"))],
  },
  {
    name: `${f.name}: the sender of a datagram in parts is told once`,
    config: { mode: "prevent", rules: [NOTHING] },
    steps: [
      (() => {
        const first = partFromRemote(f, { offset: 0, more: true }, UDP({ length: 40 }), payload("x".repeat(8)));
        return told("ingress", first, "nothing", prohibited(f, "ingress", first));
      })(),
      inward(partFromRemote(f, { offset: 16, more: false, protocol: 17 }, payload("x".repeat(24))), dropped("nothing")),
      inward(partFromRemote(f, { id: 9, offset: 0, more: true }, TCP(), payload("x".repeat(4))), dropped("nothing")),
    ],
  },
  {
    name: `${f.name}: of a segment longer than the wire allows the sender is told as of any other`,
    config: { mode: "prevent", rules: [NO_WEB] },
    steps: [
      told("egress", fromLocal(f, TCP({ seq: 1000 }), payload("x".repeat(2000))), "no-web", resetTo(f, "egress", 3001), { gso: true }),
    ],
  },
];

const OPTIONS = { src: FAMILY_4.remote, dst: FAMILY_4.local, options: [1, 1, 1, 1, 1, 1, 1, 1] };
const HEADERS = [IPv6({ src: FAMILY_6.remote, dst: FAMILY_6.local }), HopByHop()];

function behindOptions(family: Family, ...layers: Layer[]): Case {
  const [segment, datagram] = [frame(Ethernet(), ...layers, TCP()), frame(Ethernet(), ...layers, UDP(), payload("?"))];
  return {
    name: `${family.name}: what comes before layer 4 is quoted, and is in no answer itself`,
    config: { mode: "prevent", rules: [NO_WEB, NO_DNS] },
    steps: [
      told("ingress", segment, "no-web", resetTo(family, "ingress", 1001)),
      told("ingress", datagram, "no-dns", prohibited(family, "ingress", datagram)),
    ],
  };
}

export const REJECT_CASES: Case[] = [
  ...forBoth(resetCases),
  ...forBoth(errorCases),
  ...forBoth(otherCases),
  behindOptions(FAMILY_4, IPv4(OPTIONS)),
  behindOptions(FAMILY_6, ...HEADERS),
];
