/** Rule sets take turns while one core does nothing but send: no packet finds a mixture of them, or nothing. */

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { before, describe, it } from "node:test";

import { readFaults, readTraffic } from "../../agent/observe/events/counters.ts";
import { waitGracePeriod } from "../../agent/kernel/grace.ts";
import { attachXdp } from "../../agent/kernel/xdp.ts";
import { CAPACITIES } from "../../agent/policy/capacity.ts";
import { Pair } from "../bench/device.ts";
import { KernelJudge } from "../conformance/kernel-judge.ts";
import { policyOf, type RuleText } from "../conformance/policy.ts";
import { enterOwnNamespace } from "../harness/own-namespace.ts";
import { Ethernet, frame, IPv4, UDP } from "../harness/packet.ts";
import { requires, root } from "../harness/require.ts";

const RELOADS = Number(process.env["WEIR_RELOADS"] ?? 60);
const PORT = 5001;
const FRAME = frame(Ethernet(), IPv4(), UDP({ dport: PORT, checksum: 0 }));
const SLOT = 1;

interface Case {
  name: string;
  /** What both rule sets do about the traffic; without a rule the opposite would happen. */
  action: "allow" | "block";
}

const CASES: Case[] = [
  { name: "everything passes that both rule sets allow", action: "allow" },
  { name: "nothing passes that both rule sets block", action: "block" },
];

describe("reloads under a flood", requires(root()), () => {
  before(enterOwnNamespace);

  for (const { name, action } of CASES) {
    it(`${name}, over ${RELOADS} of them`, async (t) => {
      using pair = new Pair();
      const judge = new KernelJudge(new Map([["far", pair.far.ifindex]]), CAPACITIES[0]!, waitGracePeriod);
      try {
        const sets = [first(action), second(action)].map((rules) =>
          policyOf({ mode: "prevent", defaults: { action: opposite(action) }, rules }),
        );
        await judge.start(sets[0]!);
        const attachment = attachXdp(judge.plane.xdpProgram(), pair.far, "native");
        const counts = (): Record<string, number> =>
          Object.fromEntries(
            readTraffic(judge.plane.map("traffic"), SLOT, "far")
              .filter(({ transport }) => transport === "udp")
              .map(({ verdict, packets }) => [verdict, packets]),
          );
        const sender = fork(join(import.meta.dirname, "full-rate-child.ts"), [
          String(pair.near.ifindex),
          Buffer.from(FRAME).toString("hex"),
        ]);
        try {
          await once(sender, "message");
          for (let reload = 1; reload <= RELOADS; reload++) {
            await judge.reload(sets[reload % 2]!);
            await waitGracePeriod(); // or packets would meet some of the generations only
          }
        } finally {
          sender.send("stop");
          await once(sender, "message");
          sender.disconnect();
          attachment.detach();
        }
        const { passed = 0, dropped = 0, ...others } = counts();
        t.diagnostic(`${passed} packets passed, ${dropped} were dropped`);
        assert.deepEqual([action === "allow" ? dropped : passed, others], [0, {}]);
        assert.ok(passed + dropped > 1000 * RELOADS, "there was a flood");
        assert.deepEqual(readFaults(judge.plane.map("faults")), {});
      } finally {
        judge.close();
      }
    });
  }
});

/** Few rules, which are compared one after the other. */
function first(action: RuleText["action"]): RuleText[] {
  return [
    {
      name: "first-others",
      action: opposite(action),
      enforce: true,
      layer4: { protocol: "udp", destination_ports: ["1-5000", "5002-65535"] },
    },
    { name: "first", action, enforce: true, layer4: { protocol: "udp", destination_ports: [PORT] } },
  ];
}

/** So many that writing them takes a while, and looked up, in cells that have another meaning in the first set. */
function second(action: RuleText["action"]): RuleText[] {
  const others = Array.from(
    { length: 3000 },
    (_, index): RuleText => ({
      name: `second-${index}`,
      action: opposite(action),
      enforce: true,
      layer3: { source: [`203.0.${index % 256}.${index >> 8}/32`] },
    }),
  );
  return [...others, { name: "second", action, enforce: true, layer4: { destination_ports: ["5000-5999"], protocol: "udp" } }];
}

function opposite(action: RuleText["action"]): RuleText["action"] {
  return action === "allow" ? "block" : "allow";
}
