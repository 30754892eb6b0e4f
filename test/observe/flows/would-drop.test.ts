/** What the table of connections that detect lets go on, though prevent would drop them, says of them. */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { flowEntries, flowTablesOf, readFlow } from "../../../agent/observe/flows/collect.ts";
import { inward, outward, type PacketStep, undecided } from "../../conformance/case.ts";
import { judgeAtEth0 } from "../../conformance/kernel-judge.ts";
import { policyOf } from "../../conformance/policy.ts";
import { Ethernet, frame, IPv4, TCP } from "../../harness/packet.ts";
import { requires, root } from "../../harness/require.ts";

const [PEER, HOST] = ["198.18.0.129", "198.18.0.2"];

test("an undecided connection that is blocked in one direction alone stays one that would be dropped", requires(root()), async () => {
  const judge = judgeAtEth0();
  after(() => judge.close());
  await judge.start(policyOf({ mode: "detect", defaults: { on_error: { ingress: "block", egress: "allow" } } }));

  const comes = inward(
    frame(Ethernet(), IPv4({ src: PEER, dst: HOST }), TCP({ sport: 4000, dport: 8099, flags: ["ack"] })),
    undecided("opener_unknown", "would_drop"),
  );
  const goes = outward(
    frame(Ethernet(), IPv4({ src: HOST, dst: PEER }), TCP({ sport: 8099, dport: 4000, flags: ["ack"] })),
    undecided("opener_unknown"),
  );
  const judgeStep = ({ packet, expect }: PacketStep): void => assert.deepEqual(judge.judge(packet, "tc"), expect);
  for (const step of [comes, goes, comes, goes]) {
    judgeStep(step);
    const shown = [...flowEntries(flowTablesOf((name) => judge.plane.map(name)))].map((entry) => ({
      blocked: entry.blocked,
      wouldDrop: readFlow(entry).wouldDrop,
    }));
    assert.deepEqual(shown, [{ blocked: true, wouldDrop: true }]);
  }
});
