/** Rules on marks for differentiated services: judged for each packet, whichever end sends it. */

import { Ethernet, frame, GRE, payload, TCP, UDP } from "../../harness/packet.ts";
import type { Layer } from "../../harness/packet/layer.ts";
import { type Case, carried, dropped, inward, outward, passed, undecided, wouldDrop } from "../case.ts";
import { type Family, forBoth } from "../family.ts";
import type { RuleText } from "../policy.ts";

const EF = 46;
const CS6 = 48;
const VOICE: RuleText = { name: "no-voice", action: "block", enforce: true, layer3: { dscp: ["ef"] } };

const sent = (f: Family, dscp: number, ...layers: Layer[]): Uint8Array =>
  frame(Ethernet(), f.ip({ src: f.remote, dst: f.local, dscp }), ...layers);
const replied = (f: Family, dscp: number, ...layers: Layer[]): Uint8Array =>
  frame(Ethernet(), f.ip({ src: f.local, dst: f.remote, dscp }), ...layers);

const ask = TCP({ sport: 40000, dport: 80 });
const answer = TCP({ sport: 80, dport: 40000, flags: ["syn", "ack"] });
const data = TCP({ sport: 40000, dport: 80, flags: ["ack"] });
const question = UDP({ sport: 40000, dport: 53 });
const UDP_PROTOCOL = 17;

const cases = (f: Family): Case[] => [
  {
    name: `${f.name}: packets with a mark are dropped from either end, and the connection goes on`,
    config: { mode: "prevent", rules: [VOICE] },
    steps: [
      inward(sent(f, 0, ask), passed()),
      outward(replied(f, EF, answer), dropped("no-voice")),
      outward(replied(f, 0, answer), passed()),
      inward(sent(f, EF, data), dropped("no-voice")),
      inward(sent(f, EF - 1, data), passed()),
      inward(sent(f, 0, data), passed()),
    ],
  },
  {
    name: `${f.name}: the two lowest bits of the field are no part of the mark`,
    config: { mode: "prevent", rules: [VOICE] },
    steps: [0, 1, 2, 3].map((ecn) =>
      inward(frame(Ethernet(), f.ip({ src: f.remote, dst: f.local, dscp: EF, ecn }), ask), dropped("no-voice")),
    ),
  },
  {
    name: `${f.name}: names and numbers of a list are alternatives, from the first mark to the last`,
    config: {
      mode: "prevent",
      rules: [{ name: "marked", action: "block", enforce: true, layer3: { source: [f.remote], dscp: ["df", "cs6", 63] } }],
    },
    steps: [
      inward(sent(f, 0, ask), dropped("marked")),
      inward(sent(f, CS6, ask), dropped("marked")),
      inward(sent(f, 63, ask), dropped("marked")),
      inward(sent(f, EF, ask), passed()),
    ],
  },
  {
    name: `${f.name}: in detect, what follows a marked opening of TCP is carried, and a datagram is judged by its own mark`,
    config: { rules: [VOICE] },
    steps: [
      inward(sent(f, EF, ask), wouldDrop("no-voice")),
      inward(sent(f, 0, data), carried("no-voice")),
      inward(sent(f, EF, question), wouldDrop("no-voice")),
      inward(sent(f, EF, question), wouldDrop("no-voice")),
      inward(sent(f, 0, question), passed()),
    ],
  },
  {
    name: `${f.name}: an ICMP error has the mark of its own header, and not that of what it quotes`,
    config: { mode: "prevent", rules: [VOICE] },
    steps: [
      inward(sent(f, 0, question), passed()),
      outward(
        replied(f, 0, f.icmp({ type: f.types.unreachable, code: f.types.port }), f.ip({ src: f.remote, dst: f.local, dscp: EF }), question),
        passed(),
      ),
      outward(
        replied(f, EF, f.icmp({ type: f.types.unreachable, code: f.types.port }), f.ip({ src: f.remote, dst: f.local }), question),
        dropped("no-voice"),
      ),
    ],
  },
  {
    name: `${f.name}: each fragment has a mark of its own; one whose connection is not known is in doubt`,
    config: { mode: "prevent", defaults: { on_error: { ingress: "block" } }, rules: [VOICE] },
    steps: [
      inward(
        frame(
          Ethernet(),
          ...f.part({ src: f.remote, dst: f.local }, { offset: 0, more: true }),
          UDP({ sport: 40000, dport: 53, length: 64 }),
          payload(8),
        ),
        passed(),
      ),
      inward(
        frame(
          Ethernet(),
          ...f.part({ src: f.remote, dst: f.local, dscp: EF }, { offset: 16, more: true, protocol: UDP_PROTOCOL }),
          payload(16),
        ),
        dropped("no-voice"),
      ),
      inward(
        frame(Ethernet(), ...f.part({ src: f.remote, dst: f.local }, { offset: 32, more: false, protocol: UDP_PROTOCOL }), payload(5)),
        passed(),
      ),
      inward(
        frame(
          Ethernet(),
          ...f.part({ src: f.remote, dst: f.local }, { id: 9, offset: 16, more: false, protocol: UDP_PROTOCOL }),
          payload(5),
        ),
        undecided("fragment_without_first", "dropped"),
      ),
    ],
  },
  {
    name: `${f.name}: of a tunnel, both headers are judged by their own marks`,
    config: {
      mode: "prevent",
      rules: [
        { ...VOICE, layer3: { ...VOICE.layer3, source: [f.stranger] } },
        { name: "outer", action: "block", enforce: true, layer3: { source: [f.remote], dscp: [CS6] } },
      ],
    },
    steps: [
      inward(
        frame(Ethernet(), f.ip({ src: f.remote, dst: f.local, dscp: EF }), GRE(), f.ip({ src: f.stranger, dst: f.local, dscp: CS6 }), ask),
        passed(),
      ),
      inward(
        frame(Ethernet(), f.ip({ src: f.remote, dst: f.local }), GRE(), f.ip({ src: f.stranger, dst: f.local, dscp: EF }), ask),
        dropped("no-voice"),
      ),
      inward(
        frame(Ethernet(), f.ip({ src: f.remote, dst: f.local, dscp: CS6 }), GRE(), f.ip({ src: f.stranger, dst: f.local }), ask),
        dropped("outer"),
      ),
    ],
  },
];

export const DSCP_CASES: Case[] = forBoth(cases);
