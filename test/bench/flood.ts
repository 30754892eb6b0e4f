/**
 * A flood of small UDP packets from ever new sources, dropped by a rule: against a program that drops all at once. One
 * core makes the frames, puts them into one end of a veth pair and runs the program at the other end.
 */

import { readFileSync } from "node:fs";

import type { BpfProgram } from "../../agent/kernel/program.ts";
import { attachXdp, type Device } from "../../agent/kernel/xdp.ts";
import { LARGEST } from "../../agent/policy/capacity.ts";
import { KernelJudge } from "../conformance/kernel-judge.ts";
import { policyOf, type RuleText } from "../conformance/policy.ts";
import { Ethernet, frame, IPv4, payload, UDP } from "../harness/packet.ts";
import { Random } from "../harness/random.ts";
import { PROFILES } from "../harness/rule-sets.ts";
import { Pair } from "./device.ts";
import { type Benchmark, interleave } from "./figure.ts";
import { sendFrames } from "./live-frames.ts";
import { Probes } from "./probes.ts";
import { BLOCKED_ADDRESS } from "./rules.ts";

const SEED = 7;
const BLOCKING: RuleText = { name: "last", action: "block", enforce: true, layer3: { destination: [BLOCKED_ADDRESS] } };
const XDP_DROP = 1;
/** With the four bytes of checksum that Ethernet adds, 64. */
const FRAME = frame(Ethernet(), IPv4({ dst: BLOCKED_ADDRESS }), UDP({ checksum: 0 }), payload(18));
const SOURCES = 1 << 22;
const ATTEMPTS = 10;

export const flood: Benchmark = {
  name: "flood",
  async measure({ rounds, frames, ruleCounts }) {
    const count = Math.max(...ruleCounts);
    using pair = new Pair();
    using probes = new Probes({ addresses: SOURCES, target: pair.near.ifindex });
    const judge = new KernelJudge(new Map([["far", pair.far.ifindex]]), LARGEST);
    try {
      await judge.start(
        policyOf({
          mode: "prevent",
          rules: [...PROFILES["access list"](new Random(SEED), count).map((rule) => ({ ...rule, action: "block" as const })), BLOCKING],
        }),
      );
      const weirXdp = judge.plane.xdpProgram();
      const { retval } = weirXdp.testRun({ data: FRAME, ifindex: pair.far.ifindex });
      if (retval !== XDP_DROP) throw new Error(`${weirXdp.name} answers ${retval} to a packet that a rule blocks`);
      const rate = (program: BpfProgram): number => {
        const attachment = attachXdp(program, pair.far, "native");
        try {
          return flooded(probes.program("generate"), pair.far, frames);
        } finally {
          attachment.detach();
        }
      };
      const { bare, weir } = await interleave(Math.ceil(rounds / 3), Math.max, {
        bare: () => rate(probes.program("drop_xdp")),
        weir: () => rate(weirXdp),
      });
      const note = `${weir.toFixed(2)} of ${bare.toFixed(2)} Mpps`;
      return [
        {
          name: `flood dropped with ${count} rules loaded`,
          value: weir / bare,
          unit: "of bare XDP_DROP",
          goal: { bound: "at least", value: 0.85, for: "100,000 rules" },
          note,
        },
      ];
    } finally {
      judge.close();
    }
  },
};

/** Millions of packets a second that reached the program at the device. */
function flooded(generator: BpfProgram, device: Device, frames: number): number {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = received(device);
    const began = performance.now();
    if (!sendFrames(generator, FRAME, frames)) continue; // setting up weighs too much in what is left
    const milliseconds = performance.now() - began;
    const packets = received(device) - before;
    if (packets === 0) throw new Error(`none of ${frames} frames has reached ${device.name}`);
    return packets / milliseconds / 1000;
  }
  throw new Error(`a flood of ${frames} frames was cut short ${ATTEMPTS} times`);
}

/** A child process that asked for it would interrupt the flood by its end. */
function received({ name }: Device): number {
  const counted = new RegExp(`^ *${name}: *\\d+ +(\\d+)`, "m").exec(readFileSync("/proc/thread-self/net/dev", "utf8"));
  return Number(counted![1]);
}
