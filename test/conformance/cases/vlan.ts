/** Rules on VLANs: the tag of each packet's frame, in the frame or beside it. */

import { Ethernet, frame, GRE, payload, TCP, UDP, VLAN, VXLAN } from "../../harness/packet.ts";
import type { Layer } from "../../harness/packet/layer.ts";
import { type Case, dropped, inward, outward, passed, undecided } from "../case.ts";
import { type Family, forBoth } from "../family.ts";
import type { RuleText } from "../policy.ts";

const GUESTS: RuleText = { name: "no-guests", action: "block", enforce: true, layer2: { vlan: [10, "20-29"] } };
const UNTAGGED: RuleText = { name: "untagged", action: "block", enforce: true, layer2: { vlan: ["none"] } };
const ask = TCP({ sport: 40000, dport: 80 });
const UDP_PROTOCOL = 17;

const sent = (f: Family, ...layers: Layer[]): Uint8Array => frame(Ethernet(), ...layers, f.ip({ src: f.remote, dst: f.local }), ask);

const cases = (f: Family): Case[] => [
  {
    name: `${f.name}: a tag beside the frame is the outermost`,
    config: { mode: "prevent", rules: [GUESTS] },
    steps: [
      inward(sent(f), dropped("no-guests"), { metadataTags: [10] }),
      inward(sent(f, VLAN(10)), passed(), { metadataTags: [30] }),
      inward(sent(f, VLAN(10)), dropped("no-guests"), { metadataTags: [0] }),
      inward(sent(f), passed(), { metadataTags: [30] }),
    ],
  },
  {
    name: `${f.name}: a priority tag hides no VLAN, and is none by itself`,
    config: { mode: "prevent", rules: [GUESTS, UNTAGGED] },
    steps: [
      inward(sent(f, VLAN(0), VLAN(20)), dropped("no-guests")),
      inward(sent(f, VLAN(0)), dropped("untagged")),
      inward(sent(f, VLAN(0), VLAN(0)), dropped("untagged")),
      inward(sent(f), dropped("untagged")),
      inward(sent(f, VLAN(30), VLAN(20)), passed()),
    ],
  },
  {
    name: `${f.name}: a VLAN that is allowed is allowed in both directions`,
    config: {
      mode: "prevent",
      defaults: { action: "block" },
      rules: [{ ...GUESTS, name: "guests", action: "allow", direction: "ingress" }],
    },
    steps: [
      inward(sent(f, VLAN(29)), passed("guests")),
      outward(
        frame(Ethernet(), VLAN(29), f.ip({ src: f.local, dst: f.remote }), TCP({ sport: 80, dport: 40000, flags: ["syn", "ack"] })),
        passed("guests"),
      ),
      inward(sent(f, VLAN(19)), dropped("default")),
      inward(sent(f), dropped("default")),
    ],
  },
  {
    name: `${f.name}: a fragment is in the VLAN of its frame; one whose connection is not known is in doubt`,
    config: { mode: "prevent", defaults: { on_error: { ingress: "block" } }, rules: [GUESTS] },
    steps: [
      inward(
        frame(
          Ethernet(),
          VLAN(10),
          ...f.part({ src: f.remote, dst: f.local }, { offset: 0, more: true }),
          UDP({ dport: 53, length: 64 }),
          payload(8),
        ),
        dropped("no-guests"),
      ),
      inward(
        frame(
          Ethernet(),
          VLAN(10),
          ...f.part({ src: f.remote, dst: f.local }, { offset: 16, more: false, protocol: UDP_PROTOCOL }),
          payload(5),
        ),
        dropped("no-guests"),
      ),
      inward(
        frame(
          Ethernet(),
          VLAN(30),
          ...f.part({ src: f.remote, dst: f.local }, { offset: 16, more: false, protocol: UDP_PROTOCOL }),
          payload(5),
        ),
        undecided("fragment_without_first", "dropped"),
      ),
    ],
  },
  {
    name: `${f.name}: of a tunnel, the outer packet is in the VLAN of the frame, and the inner one in that of the inner frame`,
    config: { mode: "prevent", rules: [GUESTS] },
    steps: [
      inward(
        frame(Ethernet(), VLAN(10), f.ip({ src: f.remote, dst: f.local }), GRE(), f.ip({ src: f.stranger, dst: f.local }), ask),
        dropped("no-guests"),
      ),
      inward(
        frame(
          Ethernet(),
          VLAN(30),
          f.ip({ src: f.remote, dst: f.local }),
          UDP({ sport: 50000 }),
          VXLAN({ vni: 7 }),
          Ethernet(),
          VLAN(10),
          f.ip({ src: f.stranger, dst: f.local }),
          ask,
        ),
        dropped("no-guests"),
      ),
      inward(
        frame(
          Ethernet(),
          VLAN(30),
          f.ip({ src: f.remote, dst: f.local }),
          UDP({ sport: 50000 }),
          VXLAN({ vni: 7 }),
          Ethernet(),
          f.ip({ src: f.stranger, dst: f.local }),
          ask,
        ),
        passed(),
      ),
    ],
  },
];

export const VLAN_CASES: Case[] = forBoth(cases);
