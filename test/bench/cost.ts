/** What one packet costs in the kernel, above a program of the same kind that does nothing. */

import type { BpfProgram } from "../../agent/kernel/program.ts";
import { KernelJudge } from "../conformance/kernel-judge.ts";
import { policyOf } from "../conformance/policy.ts";
import { Ethernet, frame, IPv4, TCP, type TCPFlag } from "../harness/packet.ts";
import { Pair } from "./device.ts";
import { type Benchmark, type Figure, type Goal, interleave, type Scale } from "./figure.ts";
import { Probes } from "./probes.ts";
import { BLOCKED_ADDRESS, ruleSet } from "./rules.ts";

const FEW = 10;
const MANY = 1000;
const REMOTE: End = { address: "100.64.0.0", port: 40000 };
const LOCAL: End = { address: "198.18.0.2", port: 443 };
const BLOCKED: End = { address: BLOCKED_ADDRESS, port: 443 };
/** The number that the opener, and the other end, sends first. */
const FIRST = 1000;
const OTHER_FIRST = 5000;
/** Of the two addresses in an Ethernet frame without a tag. */
const SOURCE_AT = 26;
const DESTINATION_AT = 30;

const HOOKS = [
  { name: "XDP ingress", kind: "xdp", program: "weir_xdp_ingress", inward: true, pass: 2, drop: 1 },
  { name: "TC ingress", kind: "tc", program: "weir_tc_ingress", inward: true, pass: -1, drop: 2 },
  { name: "TC egress", kind: "tc", program: "weir_tc_egress", inward: false, pass: -1, drop: 2 },
] as const;
type Hook = (typeof HOOKS)[number];

interface End {
  address: string;
  port: number;
}

/** The goals were set for XDP. */
const ESTABLISHED: Goal = { bound: "at most", value: 90 };
const CLASSIFICATION: Goal = { bound: "at most", value: 250, for: "10,000 rules" };

export const cost: Benchmark = {
  name: "cost",
  async measure(scale) {
    using pair = new Pair();
    const judge = new KernelJudge(new Map([["near", pair.near.ifindex]]));
    try {
      const bench = new CostBench(judge, pair.near.ifindex, scale);
      const figures: Figure[] = [];
      for (const hook of HOOKS) figures.push(...(await bench.measure(hook)));
      return figures;
    } finally {
      judge.close();
    }
  },
};

class CostBench {
  readonly #judge: KernelJudge;
  readonly #ifindex: number;
  readonly #scale: Scale;

  constructor(judge: KernelJudge, ifindex: number, scale: Scale) {
    this.#judge = judge;
    this.#ifindex = ifindex;
    this.#scale = scale;
  }

  async measure(hook: Hook): Promise<Figure[]> {
    using probes = new Probes({ address_offset: hook.inward ? SOURCE_AT : DESTINATION_AT, addresses: this.#scale.flows });
    const weir = this.#program(hook.program);
    const empty = probes.program(`empty_${hook.kind}`);
    const above = async (packet: Uint8Array, retval: number): Promise<number> => {
      const { measured, bare } = await interleave(this.#scale.rounds, Math.min, {
        bare: () => this.#time(empty, packet, hook.pass),
        measured: () => this.#time(weir, packet, retval),
      });
      return measured - bare;
    };
    const [sender, receiver] = hook.inward ? [REMOTE, LOCAL] : [LOCAL, REMOTE];
    const first = segment(sender, BLOCKED, ["syn"]);
    const goals = (goal: Goal): { goal?: Goal } => (hook.kind === "xdp" ? { goal } : {});

    await this.#start(FEW);
    const few = await above(first, hook.drop);
    await this.#start(MANY);
    const many = await above(first, hook.drop);
    const malformed = await above(segment(sender, receiver, ["syn"], { ihl: 4 }), hook.drop);
    this.#establish(1);
    const known = segment(
      sender,
      receiver,
      ["ack"],
      hook.inward ? { seq: FIRST + 1, ack: OTHER_FIRST + 1 } : { seq: OTHER_FIRST + 1, ack: FIRST + 1 },
    );
    const established = await above(known, hook.pass);
    this.#establish(this.#scale.flows);
    const crowd = await interleave(this.#scale.rounds, Math.min, {
      bare: () => this.#time(probes.varying(hook.kind, empty), known, hook.pass),
      measured: () => this.#time(probes.varying(hook.kind, weir), known, hook.pass),
    });
    const blocked = await this.#blocked(hook, sender, above);
    const figure = (name: string, value: number, more: Partial<Figure> = {}): Figure => ({
      name: `${hook.name}: ${name}`,
      value,
      unit: "ns",
      ...more,
    });
    return [
      figure("established flow", established, goals(ESTABLISHED)),
      figure("established, would be dropped", blocked),
      figure(`established, any of ${this.#scale.flows} flows`, crowd.measured - crowd.bare),
      figure(`first packet, ${FEW} rules`, few),
      figure(`first packet, ${MANY} rules`, many),
      figure(`first packet, ${MANY} rules over ${FEW}`, many - few, goals(CLASSIFICATION)),
      figure("malformed packet", malformed),
    ];
  }

  /** A packet of a connection that only detect lets go on. */
  async #blocked(hook: Hook, opener: End, above: (packet: Uint8Array, retval: number) => Promise<number>): Promise<number> {
    const [there, back] = hook.inward ? ["weir_tc_ingress", "weir_tc_egress"] : ["weir_tc_egress", "weir_tc_ingress"];
    const run = (name: string, data: Uint8Array): unknown => this.#program(name).testRun({ data, ifindex: this.#ifindex });
    const going = segment(opener, BLOCKED, ["ack"], { seq: FIRST + 1, ack: OTHER_FIRST + 1 });
    this.#judge.setMode("detect");
    run(there, segment(opener, BLOCKED, ["syn"], { seq: FIRST }));
    run(back, segment(BLOCKED, opener, ["syn", "ack"], { seq: OTHER_FIRST, ack: FIRST + 1 }));
    run(there, going);
    return above(going, hook.pass);
  }

  /** What is undecided is dropped, so that a flow that is not known would show. */
  async #start(rules: number): Promise<void> {
    await this.#judge.start(
      policyOf({ mode: "prevent", defaults: { on_error: { ingress: "block", egress: "block" } }, rules: ruleSet(rules) }),
    );
  }

  #program(name: string): BpfProgram {
    return name === "weir_xdp_ingress" ? this.#judge.plane.xdpProgram() : this.#judge.plane.program(name);
  }

  /** Flows from addresses that follow each other; each has seen a whole handshake. */
  #establish(flows: number): void {
    const opening = segment(REMOTE, LOCAL, ["syn"], { seq: FIRST });
    const answer = segment(LOCAL, REMOTE, ["syn", "ack"], { seq: OTHER_FIRST, ack: FIRST + 1 });
    const going = segment(REMOTE, LOCAL, ["ack"], { seq: FIRST + 1, ack: OTHER_FIRST + 1 });
    const base = new DataView(opening.buffer).getUint32(SOURCE_AT);
    const run = (hook: string, data: Uint8Array, addressAt: number, address: number): void => {
      new DataView(data.buffer).setUint32(addressAt, address);
      this.#program(hook).testRun({ data, ifindex: this.#ifindex });
    };
    for (let flow = 0; flow < flows; flow++) {
      run("weir_tc_ingress", opening, SOURCE_AT, base + flow);
      run("weir_tc_egress", answer, DESTINATION_AT, base + flow);
      run("weir_tc_ingress", going, SOURCE_AT, base + flow);
    }
    let live = 0;
    for (const { count } of this.#judge.plane.map("flows").batches()) live += count;
    if (live !== flows) throw new Error(`${live} flows are established where ${flows} should be`);
  }

  #time(program: BpfProgram, data: Uint8Array, expected: number): number {
    const { retval, duration } = program.testRun({ data, ifindex: this.#ifindex, repeat: this.#scale.repeat });
    if (retval !== expected) throw new Error(`${program.name} answers ${retval} where ${expected} is right`);
    return duration;
  }
}

function segment(from: End, to: End, flags: TCPFlag[], { ihl, ...numbers }: { ihl?: number; seq?: number; ack?: number } = {}): Uint8Array {
  return frame(
    Ethernet(),
    IPv4({ src: from.address, dst: to.address, ...(ihl === undefined ? {} : { ihl }) }),
    TCP({ flags, sport: from.port, dport: to.port, ...numbers }),
  );
}
