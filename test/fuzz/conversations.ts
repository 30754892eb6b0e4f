/** Connections as hosts have them, many at once: they open, ask, answer, lose packets, send them again, and end. */

import type { Arrival } from "../../agent/policy/reference.ts";
import { INTERFACE } from "../conformance/case.ts";
import type { Family } from "../conformance/family.ts";
import { Ethernet, frame, TCP, UDP } from "../harness/packet.ts";
import type { Layer } from "../harness/packet/layer.ts";
import type { Random } from "../harness/random.ts";

type Flags = NonNullable<NonNullable<Parameters<typeof TCP>[0]>["flags"]>;

/** So many go on at once. */
const AT_ONCE = 40;
const PORTS = [22, 23, 53, 54, 80, 81, 443, 8080];
const OPEN: readonly [byOpener: boolean, ...Flags][] = [
  [true, "syn"],
  [false, "syn", "ack"],
  [true, "ack"],
];
const END: readonly (readonly [byOpener: boolean, ...Flags])[][] = [
  [
    [true, "fin", "ack"],
    [false, "fin", "ack"],
    [true, "ack"],
  ],
  [
    [false, "fin", "ack"],
    [true, "fin", "ack"],
    [false, "ack"],
  ],
  [[true, "rst"]],
  [[false, "rst", "ack"]],
];

/** What one connection sends, in order; each packet by its opener or by the other end. */
type Script = { byOpener: boolean; transport: Layer }[];

interface Going {
  script: Script;
  at: number;
  family: Family;
  outward: boolean;
  remote: string;
}

export class Conversations {
  readonly #random: Random;
  readonly #families: readonly Family[];
  readonly #going: Going[] = [];
  #port = 20_000;

  constructor(random: Random, families: readonly Family[]) {
    this.#random = random;
    this.#families = families;
  }

  next(): Arrival {
    const random = this.#random;
    while (this.#going.length < AT_ONCE) this.#going.push(this.#begin());
    const one = random.pick(this.#going);
    const { byOpener, transport } = one.script[one.at]!;
    // Some packets are seen twice, and some never.
    if (!random.oneIn(8)) one.at += random.oneIn(30) ? 2 : 1;
    if (one.at >= one.script.length) this.#going.splice(this.#going.indexOf(one), 1);
    const leaves = byOpener === one.outward;
    const [src, dst] = leaves ? [one.family.local, one.remote] : [one.remote, one.family.local];
    return { frame: frame(Ethernet(), one.family.ip({ src, dst }), transport), hook: leaves ? "egress" : "ingress", interface: INTERFACE };
  }

  #begin(): Going {
    const random = this.#random;
    const family = random.pick(this.#families);
    const script = random.pick([this.#tcp, this.#tcp, this.#udp, () => this.#ping(family)]).call(this);
    // Some were there before anybody looked.
    return {
      script,
      at: random.oneIn(10) ? random.below(script.length) : 0,
      family,
      outward: random.oneIn(2),
      remote: random.oneIn(3) ? family.stranger : family.remote,
    };
  }

  #ports(): { from: number; to: number } {
    // Some ports are used again soon.
    return {
      from: this.#random.oneIn(4) ? 20_000 + this.#random.below(50) : 20_000 + (++this.#port % 40_000),
      to: this.#random.pick(PORTS),
    };
  }

  #tcp(): Script {
    const random = this.#random;
    const { from, to } = this.#ports();
    const send = ([byOpener, ...flags]: readonly [boolean, ...Flags]) => ({
      byOpener,
      transport: TCP(byOpener ? { sport: from, dport: to, flags } : { sport: to, dport: from, flags }),
    });
    const talk = Array.from({ length: random.below(8) }, () =>
      send([random.oneIn(2), "ack", ...(random.oneIn(3) ? (["psh"] as const) : [])]),
    );
    return [...OPEN.map((one) => send(one)), ...talk, ...(random.oneIn(5) ? [] : random.pick(END).map((one) => send(one)))];
  }

  #udp(): Script {
    const { from, to } = this.#ports();
    return Array.from({ length: 1 + this.#random.below(8) }, (_, index) => {
      const byOpener = index === 0 || this.#random.oneIn(2);
      return { byOpener, transport: byOpener ? UDP({ sport: from, dport: to }) : UDP({ sport: to, dport: from }) };
    });
  }

  #ping({ icmp, types: { request, reply } }: Family): Script {
    const id = this.#random.below(100);
    return Array.from({ length: 2 * (1 + this.#random.below(4)) }, (_, index) => ({
      byOpener: index % 2 === 0,
      transport: icmp({ type: index % 2 === 0 ? request : reply, id }),
    }));
  }
}
