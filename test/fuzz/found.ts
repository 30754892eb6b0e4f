/** What fuzzing has found: the shortest sequences that the two judges once saw differently. */

import type { PolicyText } from "../conformance/policy.ts";
import type { Sequence, Trial } from "./sequence.ts";

const GRE_IPIP =
  "02000000000b02000000000a08004500005800000000402fedcfc6120081c6120002000008004500004000000000402ff279c0000201c61200020000080045000028000000004006eea8c6120001c61200029c400050000003e8000000005002faf088510000";
const GRE6_IPIP =
  "02000000000b02000000000a86dd6000000000442f4020010db800000000000000000001000120010db8000000000000000000000002000008004500004000000000402ff279c0000201c61200020000080045000028000000004006eea8c6120001c61200029c400050000003e8000000005002faf088510000";
const FRAGMENTED_GRE =
  "02000000000b02000000000a08004500004000002000402fede7c6120081c61200020001080045000008000000004006eea8c6120005c61200029c400050000003e8000000005002faf088510000";
const FRAGMENTED_UDP =
  "02000000000b02000500000a86dd02000000000a86dd60000000000d2c4020010db800000000000000000001000120010db8000000000000000000000002110000100000000800000000000000000211000010000000080000000000";
const NO_IP = "02000000000b02000060000a082b";

export const FOUND: readonly Sequence[] = [
  // A frame that is no IP showed the verdict of the packet before it.
  { config: { mode: "prevent" }, hook: "tc", steps: [inward(FRAGMENTED_UDP), inward(NO_IP)] },
  // A tunnel in a tunnel is undecided, and left a connection all the same.
  {
    config: { rules: [{ name: "no-in", action: "block", enforce: true, direction: "ingress" }] },
    hook: "xdp",
    steps: [outward(GRE_IPIP), inward(GRE_IPIP)],
  },
  // An outer packet that is undecided was looked into.
  { config: {}, hook: "xdp", steps: [inward(FRAGMENTED_GRE)] },
  // What a staged rule said of a tunnel in a tunnel was forgotten.
  {
    config: noIpip(),
    hook: "tc",
    steps: [inward(GRE6_IPIP), { reload: { rules: [{ name: "sample", action: "block", direction: "egress" }] } }, outward(GRE6_IPIP)],
  },
];

function noIpip(): PolicyText {
  return { rules: [{ name: "outer", action: "block", enforce: true, layer4: { protocol: "ipip" } }] };
}

function inward(hex: string): Trial {
  return { packet: { frame: Buffer.from(hex, "hex"), hook: "ingress", interface: "eth0" } };
}

function outward(hex: string): Trial {
  return { packet: { frame: Buffer.from(hex, "hex"), hook: "egress", interface: "eth0" } };
}
