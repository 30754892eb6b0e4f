/**
 * A flood of small UDP packets from ever new sources, dropped by a rule: against a program that drops all at once. One
 * core makes the frames, puts them into one end of a veth pair and runs the program at the other end.
 */

import { execFileSync } from "node:child_process";

import { errnoName, KernelError } from "../../agent/kernel/errors.ts";
import { libbpf } from "../../agent/kernel/libbpf.ts";
import type { BpfProgram } from "../../agent/kernel/program.ts";
import { attachXdp, type Device } from "../../agent/kernel/xdp.ts";
import { KernelJudge } from "../conformance/kernel-judge.ts";
import { policyOf } from "../conformance/policy.ts";
import { Ethernet, frame, IPv4, payload, UDP } from "../harness/packet.ts";
import { Pair } from "./device.ts";
import { type Benchmark, interleave } from "./figure.ts";
import { Probes } from "./probes.ts";
import { BLOCKED_ADDRESS, ruleSet } from "./rules.ts";

const BPF_F_TEST_XDP_LIVE_FRAMES = 2;
/** With the four bytes of checksum that Ethernet adds, 64. */
const FRAME = frame(Ethernet(), IPv4({ dst: BLOCKED_ADDRESS }), UDP({ checksum: 0 }), payload(18));
const SOURCES = 1 << 22;

export const flood: Benchmark = {
  name: "flood",
  async measure({ rounds, frames }) {
    using pair = new Pair();
    using probes = new Probes({ addresses: SOURCES, target: pair.near.ifindex });
    const judge = new KernelJudge(new Map([["far", pair.far.ifindex]]));
    try {
      await judge.start(policyOf({ mode: "prevent", rules: ruleSet(1000) }));
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
        weir: () => rate(judge.plane.xdpProgram()),
      });
      const note = `${weir.toFixed(2)} of ${bare.toFixed(2)} Mpps`;
      return [{ name: "flood dropped by the last of 1000 rules", value: weir / bare, unit: "of bare XDP_DROP", goal: { bound: "at least", value: 0.85, for: "100,000 rules" }, note }];
    } finally {
      judge.close();
    }
  },
};

/** Millions of packets a second that the program at the device dropped. */
function flooded(generator: BpfProgram, device: Device, frames: number): number {
  const before = dropped(device);
  const began = performance.now();
  const result = libbpf().testRun(generator.fd, {
    sz: 80, data_in: FRAME, data_size_in: FRAME.length, data_out: null, data_size_out: 0, ctx_in: null, ctx_size_in: 0, ctx_out: null, ctx_size_out: 0,
    retval: 0, duration: 0, repeat: frames, flags: BPF_F_TEST_XDP_LIVE_FRAMES, cpu: 0, batch_size: 0,
  });
  const milliseconds = performance.now() - began;
  const errno = result < 0 ? errnoName(result) : "";
  // A signal ends it early; what was sent until then counts.
  if (errno !== "" && errno !== "EINTR") throw new KernelError(`send ${frames} frames to ${device.name}`, errno);
  const packets = dropped(device) - before;
  if (packets === 0) throw new Error(`none of ${frames} frames was dropped at ${device.name}`);
  return packets / milliseconds / 1000;
}

function dropped({ name }: Device): number {
  const counters = execFileSync("ethtool", ["-S", name], { encoding: "utf8" }).matchAll(/rx_queue_\d+_xdp_drops: (\d+)/g);
  return [...counters].reduce((sum, [, count]) => sum + Number(count), 0);
}
