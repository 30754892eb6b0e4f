/**
 * What the first packet of a connection costs more with many rules than with ten, in rule sets of every shape: for
 * packets that rules match, or nearly match, and for scans that match nothing.
 */

import { LARGEST } from "../../agent/policy/capacity.ts";
import { KernelJudge } from "../conformance/kernel-judge.ts";
import { policyOf, type RuleText } from "../conformance/policy.ts";
import { Ethernet, frame, IPv4, IPv6, TCP, UDP } from "../harness/packet.ts";
import { Random } from "../harness/random.ts";
import { type Opening, openingFor, PROFILE_NAMES, PROFILES, scanFor } from "../harness/rule-sets.ts";
import { Pair } from "./device.ts";
import type { Benchmark, Figure, Goal } from "./figure.ts";

const SEED = 7;
const FEW = 10;
const TC_DROP = 2;
/** Goals were set for these counts. */
const GOALS: Record<number, Goal> = { 10000: { bound: "at most", value: 250 }, 100000: { bound: "at most", value: 400 } };

export const classification: Benchmark = {
  name: "classification",
  async measure({ ruleCounts, packets, repeat }) {
    using pair = new Pair();
    const judge = new KernelJudge(new Map([["near", pair.near.ifindex]]), LARGEST);
    // Setting up a test run of XDP takes milliseconds, and there are many.
    const program = judge.plane.program("weir_tc_ingress");
    const figures: Figure[] = [];
    /** Mean over the packets, of the best of a few runs each. Nothing passes, so that no packet leaves a flow. */
    const mean = (openings: readonly Opening[]): number => {
      let sum = 0;
      for (const opening of openings) {
        const runs = Array.from({ length: 3 }, () =>
          program.testRun({ data: frameOf(opening), ifindex: pair.near.ifindex, repeat: Math.ceil(repeat / 100) }),
        );
        if (runs.some(({ retval }) => retval !== TC_DROP))
          throw new Error(`a packet passes where all is blocked: ${JSON.stringify(opening)}`);
        sum += Math.min(...runs.map(({ duration }) => duration));
      }
      return sum / openings.length;
    };
    try {
      for (const profile of PROFILE_NAMES) {
        const costs = new Map<number, { matched: number; scanned: number }>();
        for (const count of [FEW, ...ruleCounts]) {
          const random = new Random(SEED);
          const rules: RuleText[] = PROFILES[profile](random, count).map((rule) => ({ ...rule, action: "block" }));
          await judge.start(policyOf({ mode: "prevent", defaults: { action: "block" }, failsafe: { management_ports: [] }, rules }));
          const sample = (make: (random: Random, rules: readonly RuleText[]) => Opening): Opening[] =>
            Array.from({ length: packets }, () => make(random, rules));
          costs.set(count, { matched: mean(sample(openingFor)), scanned: mean(sample(scanFor)) });
        }
        const few = costs.get(FEW)!;
        for (const count of ruleCounts) {
          const many = costs.get(count)!;
          const goal = GOALS[count];
          for (const kind of ["matched", "scanned"] as const) {
            figures.push({
              name: `${profile}, ${count} rules: ${kind}, over ${FEW} rules`,
              value: many[kind] - few[kind],
              unit: "ns",
              ...(goal && { goal }),
              note: `${many[kind].toFixed(0)} of ${few[kind].toFixed(0)} ns a packet`,
            });
          }
        }
      }
    } finally {
      judge.close();
    }
    return figures;
  },
};

function frameOf({ ipv6, source, destination, protocol, sourcePort, destinationPort }: Opening): Uint8Array {
  const ip = ipv6 ? IPv6({ src: source, dst: destination }) : IPv4({ src: source, dst: destination });
  return frame(
    Ethernet(),
    ip,
    protocol === "tcp"
      ? TCP({ flags: ["syn"], sport: sourcePort, dport: destinationPort })
      : UDP({ sport: sourcePort, dport: destinationPort }),
  );
}
