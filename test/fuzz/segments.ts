/** TCP between two ends whose numbers nearly fit: state depends on them, and mutated frames hardly ever fit. */

import type { Arrival } from "../../agent/policy/reference.ts";
import { INTERFACE } from "../conformance/case.ts";
import { FAMILIES, fromLocal, fromRemote } from "../conformance/family.ts";
import type { PolicyText } from "../conformance/policy.ts";
import { payload, TCP } from "../harness/packet.ts";
import type { Random } from "../harness/random.ts";

/** What either end sends first; one of them goes round. */
const FIRST = { remote: [1000, 77_000], local: [5000, 0xffff_fffe] };
const FLAGS = [
  ["syn"],
  ["syn", "ack"],
  ["ack"],
  ["ack"],
  ["ack", "psh"],
  ["fin", "ack"],
  ["fin", "ack"],
  ["rst"],
  ["rst"],
  ["rst", "ack"],
  ["syn", "rst"],
  ["fin"],
  [],
] as const;
const PORTS = [40000, 40001];
const SERVED = 8092;

/** By which a verdict shows what state connections are in. */
export const OF_STATE: PolicyText = {
  mode: "prevent",
  rules: [
    { name: "old", action: "block", enforce: true, layer4: { protocol: "tcp", connection_duration: { longer_than: "10m" } } },
    { name: "few", action: "block", enforce: true, layer4: { protocol: "tcp", connections_over: { count: 1, by: "rule" } } },
    { name: "new", action: "block", layer4: { protocol: "tcp", state: ["new"] } },
  ],
};

/** A segment of one of two connections, at the hook where it belongs, mostly. */
export function segment(random: Random): Arrival {
  const family = FAMILIES[0]!;
  const inward = random.oneIn(2);
  const [own, others] = inward ? [FIRST.remote, FIRST.local] : [FIRST.local, FIRST.remote];
  const flags = random.pick(FLAGS);
  const port = random.pick(PORTS);
  const near = (first: readonly number[]): number =>
    ((random.oneIn(8) ? first[1]! : first[0]!) + random.pick([0, 1, 1, 1, 2, 2, 4, 5, 5])) >>> 0;
  const isFirst = (flags as readonly string[]).includes("syn");
  const layers = [
    TCP({
      ...(inward ? { sport: port, dport: SERVED } : { sport: SERVED, dport: port }),
      seq: isFirst && !random.oneIn(8) ? own[random.oneIn(6) ? 1 : 0]! : near(own),
      ack: near(others),
      flags,
      ...(random.oneIn(12) ? { checksum: 0x1234 } : {}),
    }),
    ...(!isFirst && random.oneIn(4) ? [payload("GET")] : []),
  ];
  const belongs = inward ? "ingress" : "egress";
  const hook = random.oneIn(16) ? (inward ? "egress" : "ingress") : belongs;
  return { frame: (inward ? fromRemote : fromLocal)(family, ...layers), hook, interface: random.oneIn(8) ? "eth1" : INTERFACE };
}
